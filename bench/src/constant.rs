//! The reference for reads: the gateway's middleware around a route with a constant response.
//!
//! It shows what sockets, HTTP, request ids, traces, metrics and the other layers cost on this
//! machine. The rest of the cost of a read is that of the shop itself.

use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use clap::value_parser;
use http::header::CONTENT_TYPE;
use kit::Process;

/// The largest response: as much as the load generator reads.
const MAX_BODY_BYTES: i64 = 1 << 20;

/// The settings of `bench constant`: those of the gateway, and the size of the response.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    process: kit::Args,

    #[command(flatten)]
    gateway: gateway::Args,

    /// Size of the response in bytes
    #[arg(long, default_value_t = 10_000,
        value_parser = value_parser!(u32).range(0..=MAX_BODY_BYTES))]
    body_bytes: u32,
}

/// Serves until the process is asked to shut down.
pub(crate) fn serve(args: Args) -> anyhow::Result<()> {
    let Args { process: settings, gateway, body_bytes } = args;
    kit::block_on(&settings, async {
        let process = Process::start("constant", &settings).await?;
        let runtime = process.runtime();
        let component = Box::pin(async move {
            let listener = kit::http::listen(gateway.gateway_listen, &runtime).await?;
            let routes = routes(body_bytes);
            Ok(gateway::serve_within_layers(listener, &gateway, routes, &runtime).await?)
        });
        Ok(process.run(vec![component]).await?)
    })?
}

/// Returns the route. The response is labeled as JSON, so that the layers treat it as such.
fn routes(body_bytes: u32) -> Router {
    let text = vec![b' '; usize::try_from(body_bytes).unwrap_or_default()];
    let body = Bytes::from(text);
    Router::new()
        .route("/", get(async move || ([(CONTENT_TYPE, "application/json")], body.clone())))
}
