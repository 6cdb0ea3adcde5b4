//! The reference: the gateway's own layers around a route whose answer is there already.
//!
//! It shows what sockets, HTTP, request ids, traces, metrics and the other layers cost on this machine.
//! What the shop answers beyond that is the shop's.

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use clap::value_parser;
use http::header::CONTENT_TYPE;
use kit::Process;

/// Largest answer: as much as the generator reads.
const MAX_BODY_BYTES: i64 = 1 << 20;

/// The settings of `bench constant`: the gateway's, and the size of the answer.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    process: kit::Args,

    #[command(flatten)]
    gateway: gateway::Args,

    /// Bytes of the answer
    #[arg(long, default_value_t = 10_000, value_parser = value_parser!(u32).range(0..=MAX_BODY_BYTES))]
    body_bytes: u32,
}

/// Serves until the process is told to end.
pub(crate) fn serve(args: Args) -> anyhow::Result<()> {
    let Args { process: settings, gateway, body_bytes } = args;
    kit::block_on(&settings, async {
        let process = Process::start("constant", &settings).await?;
        let runtime = process.runtime();
        let component = Box::pin(async move {
            let listener = kit::http::listen(gateway.gateway_listen).await?;
            let routes = routes(body_bytes);
            Ok(gateway::serve_within_layers(listener, &gateway, routes, &runtime).await?)
        });
        Ok(process.run(vec![component]).await?)
    })?
}

/// One route, whose answer looks like JSON to all who pass it on.
fn routes(body_bytes: u32) -> Router {
    let text = vec![b' '; usize::try_from(body_bytes).unwrap_or_default()];
    let body = Bytes::from(text);
    Router::new()
        .route("/", get(async move || ([(CONTENT_TYPE, "application/json")], body.clone())))
}
