//! The HTTP server of health, metrics and the log filter.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::{ConnectInfo, State as FromState};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::logging::LogFilter;
use crate::state::State;

/// The state of the handlers.
#[derive(Clone)]
pub struct ServerState {
    state: Arc<State>,
    ready: Arc<AtomicBool>,
    level: LogFilter,
}

impl ServerState {
    /// Creates the state of a replica that is not ready yet.
    #[must_use]
    pub fn new(state: Arc<State>, level: LogFilter) -> Self {
        Self { state, ready: Arc::default(), level }
    }

    /// Sets the result of `/readyz`. A replica is ready when its index is synced, so that it can
    /// become leader, until shutdown.
    pub fn set_ready(&self, ready: bool) {
        self.ready.store(ready, Ordering::Relaxed);
    }
}

/// Serves until the future is dropped.
///
/// # Errors
///
/// When the listener fails permanently.
pub async fn serve(listener: TcpListener, server_state: ServerState) -> std::io::Result<()> {
    let routes = Router::new()
        .route("/livez", get(|| async { "ok" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/log-level", get(level).put(set_level))
        .with_state(server_state);
    axum::serve(listener, routes.into_make_service_with_connect_info::<SocketAddr>()).await
}

async fn readyz(FromState(server_state): FromState<ServerState>) -> Response {
    match server_state.ready.load(Ordering::Relaxed) {
        true => "ok".into_response(),
        false => (StatusCode::SERVICE_UNAVAILABLE, "starting or shutting down").into_response(),
    }
}

async fn metrics(FromState(server_state): FromState<ServerState>) -> Response {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match server_state.state.metrics.encode(server_state.state.queue.len()) {
        Ok(text) => ([(header::CONTENT_TYPE, content_type)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn level(FromState(server_state): FromState<ServerState>) -> String {
    server_state.level.get()
}

/// Changes the log filter. It accepts only requests from the pod itself, which is where
/// `kubectl port-forward` connects from: a user who may forward ports may also change the filter.
async fn set_level(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    FromState(server_state): FromState<ServerState>,
    filter: String,
) -> Response {
    if !is_from_pod(peer) {
        return (
            StatusCode::FORBIDDEN,
            "allowed only from the pod itself; use kubectl port-forward",
        )
            .into_response();
    }
    match server_state.level.set(filter.trim()) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(reason) => (StatusCode::BAD_REQUEST, reason).into_response(),
    }
}

/// Whether the peer is in the pod itself. A dual-stack socket reports IPv4 peers as IPv4-mapped
/// addresses.
fn is_from_pod(peer: SocketAddr) -> bool {
    peer.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::is_from_pod;

    #[test]
    fn only_loopback_peers_are_from_the_pod() {
        for (peer, expected) in [
            ("127.0.0.1:1", true),
            ("[::1]:1", true),
            ("[::ffff:127.0.0.1]:1", true),
            ("10.0.0.1:1", false),
            ("[::ffff:10.0.0.1]:1", false),
            ("[2001:db8::1]:1", false),
        ] {
            assert_eq!(is_from_pod(peer.parse().unwrap()), expected, "{peer}");
        }
    }
}
