//! HTTP/1.1 and h2c servers: bounded connections and requests, shared fairly by the clients,
//! timeouts, graceful shutdown, and around every request a request id, a trace, a log line,
//! metrics, a deadline and panic handling.

mod call_headers;
mod client;
mod client_budget;
mod connection_activity;
mod connection_table;
mod connection_timeouts;
mod content_encoding;
mod entity_tag;
mod event_stream;
mod message_scanner;
mod observe;
mod observed_io;
mod proxy_keys;
mod serve;

pub use call_headers::call_headers;
pub use client::{Client, Network, Sender, TrustedProxies, X_FORWARDED_FOR};
pub use client_budget::{BudgetGuard, ClientBudget};
pub use content_encoding::normalize_accept_encoding;
pub use entity_tag::matches_etag;
pub use event_stream::{EventStreams, StreamPlace, StreamRefusal};
pub use observe::{ObserveConfig, catch_panics_and_timeouts, observe};
pub use proxy_keys::{ProxyKey, ProxyKeys, X_PROXY_KEY};
pub use serve::ServerLimits;
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
    serve_within(listener, router, runtime, trusted, ServerLimits::default()).await;
}

/// Serves `router` as [`serve`] does, within these limits.
pub async fn serve_within(
    listener: TcpListener,
    router: Router,
    runtime: &Runtime,
    trusted: TrustedProxies,
    limits: ServerLimits,
) {
    let _tracked = runtime.track_http_server();
    runtime.readiness(runtime.name()).open();
    let settings = ServerSettings { limits, ..ServerSettings::new(trusted) };
    serve_until(listener, router, runtime.draining(), settings).await;
}
