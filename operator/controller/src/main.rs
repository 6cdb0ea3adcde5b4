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

/// Runs on one thread: the operator mostly waits for the API server, and a second thread costs
/// memory.
#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    match args.command.unwrap_or(Command::Run) {
        Command::Run => run_operator(args.run).await,
        Command::Crd => print_crd(),
    }
}

async fn run_operator(args: RunArgs) -> anyhow::Result<()> {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .map_err(|_| anyhow::anyhow!("a TLS provider is already installed"))?;
    let log_filter = logging::init(args.log.parse()?);
    let stop = cancel_on_signal()?;
    let state = Arc::new(State::default());
    let listener = run::listen(&args).await?;
    let client = run::connect(&state).await?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), "operator started");
    let outcome = run::run(&args, client, state, listener, log_filter, stop).await;
    outcome
        .inspect_err(|error| tracing::error!(%error, "operator failed"))
        .context("the operator failed")
}

/// Returns a token that SIGTERM (Kubernetes) or SIGINT (a terminal) cancels.
fn cancel_on_signal() -> Result<CancellationToken, Error> {
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

#[expect(clippy::print_stdout, reason = "this subcommand prints to stdout")]
fn print_crd() -> anyhow::Result<()> {
    let yaml = storefront_api::crd::yaml().map_err(|error| anyhow::anyhow!("{error}"))?;
    print!("{}", yaml);
    Ok(())
}
