//! HTTP/1.1 and h2c servers: bounded connections and requests, shared fairly by the clients,
//! timeouts, graceful shutdown, and around every request a request id, a trace, a log line,
//! metrics, a deadline and panic handling.

mod client;
mod connection_activity;
mod connection_table;
mod connection_timeouts;
mod observe;
mod observed_io;
mod proxy_keys;
mod request_limiter;
mod serve;

pub use client::{Client, Network, Sender, TrustedProxies, X_FORWARDED_FOR};
pub use observe::{ObserveConfig, catch_panics_and_timeouts, observe};
pub use proxy_keys::{ProxyKeys, X_PROXY_KEY};
pub(crate) use serve::{ServerSettings, serve_until};

use crate::{Error, Runtime, net};
use axum::Router;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Binds the address on which a component serves HTTP.
///
/// # Errors
/// When the address cannot be bound.
pub async fn listen(address: SocketAddr, runtime: &Runtime) -> Result<TcpListener, Error> {
    net::listen(runtime.name(), "HTTP", address).await
}

/// Serves `router` until the process drains, then completes the requests in flight. Handlers find
/// the client as [`Sender`] in the request's extensions, and can extract the peer's address as
/// axum's `ConnectInfo<SocketAddr>`. Wrap the router in [`catch_panics_and_timeouts`] and
/// [`observe`] first.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    runtime: &Runtime,
    trusted: TrustedProxies,
) {
    let _tracked = runtime.track_http_server();
    runtime.readiness(runtime.name()).open();
    serve_until(listener, router, runtime.draining(), ServerSettings::new(trusted)).await;
}
