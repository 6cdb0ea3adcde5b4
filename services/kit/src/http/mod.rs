//! Serving HTTP/1.1 and h2c: bounded connections that ask for something or go, a graceful end, and
//! around every request an id, a trace, a log line, metrics, a deadline and a net for panics.

mod observe;
mod patience;
mod serve;
#[cfg(test)]
mod serve_tests;

pub use observe::{ObserveConfig, catch_panics_and_timeouts, observe};
pub(crate) use patience::Patience;
pub(crate) use serve::serve_until;

use crate::{Error, Runtime};
use axum::Router;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Opens the address that `HTTP` is served on.
///
/// # Errors
/// When it cannot be listened on.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, Error> {
    TcpListener::bind(address).await.map_err(|source| Error::Listen {
        what: "HTTP",
        address,
        source,
    })
}

/// Serves `router` until the process drains, then finishes the requests in progress. Handlers find
/// the peer's address as axum's `ConnectInfo<SocketAddr>`. Wrap the router in [`catch_panics_and_timeouts`] and
/// [`observe`] first.
pub async fn serve(listener: TcpListener, router: Router, runtime: &Runtime) {
    let _tracked = runtime.track_http_server();
    runtime.readiness(runtime.name()).open();
    serve_until(listener, router, runtime.draining(), Patience::USUAL).await;
}
