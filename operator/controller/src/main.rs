//! The operator's binary.

use std::sync::Arc;

use anyhow::Context as _;
use clap::Parser as _;
use storefront_operator::args::{Args, Command, RunArgs};
use storefront_operator::error::Error;
use storefront_operator::state::State;
use storefront_operator::{logging, run};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// One thread: the work is waiting for the API server, and a second one costs memory.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    match args.command.unwrap_or(Command::Run) {
        Command::Run => operate(args.run).await,
        Command::Crd => print_crd(),
    }
}

async fn operate(args: RunArgs) -> anyhow::Result<()> {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("a TLS provider is installed already"))?;
    let level = logging::start(args.log.parse()?);
    let stop = stop_on_signal()?;
    let state = Arc::new(State::default());
    let listener = run::listen(&args).await?;
    let client = run::connect(&state).await?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "starting");
    let outcome = run::run(&args, client, state, listener, level, stop).await;
    outcome.inspect_err(|error| tracing::error!(%error, "ending")).context("the operator ended")
}

/// A token that is cancelled by SIGTERM (Kubernetes) or SIGINT (a terminal).
fn stop_on_signal() -> Result<CancellationToken, Error> {
    let mut term = signal(SignalKind::terminate()).map_err(Error::Signals)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Error::Signals)?;
    let stop = CancellationToken::new();
    let signalled = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
        signalled.cancel();
    });
    Ok(stop)
}

#[expect(clippy::print_stdout, reason = "printing is what this subcommand is for")]
fn print_crd() -> anyhow::Result<()> {
    let yaml = storefront_api::crd::yaml().map_err(|error| anyhow::anyhow!("{error}"))?;
    print!("{}", yaml);
    Ok(())
}
