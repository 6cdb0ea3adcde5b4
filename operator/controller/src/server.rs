//! The HTTP server of health, metrics and the log filter.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Request, State as FromState};
use axum::http::{StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, put};
use tokio::net::TcpListener;

use crate::logging::LogFilter;
use crate::state::State;

/// Longest log filter.
const MAX_FILTER_BYTES: usize = 4 * 1024;

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
        .route("/log-level", get(level).merge(only_from_pod(put(set_level))))
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

/// Bounds the body of a route, and rejects other peers before it is read.
fn only_from_pod<S>(route: MethodRouter<S>) -> MethodRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
    route.layer(DefaultBodyLimit::max(MAX_FILTER_BYTES)).layer(from_fn(require_peer_in_pod))
}

/// Accepts only requests from the pod itself, which is where `kubectl port-forward` connects from:
/// a user who may forward ports may also change the filter.
async fn require_peer_in_pod(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    match is_from_pod(peer) {
        true => next.run(request).await,
        false => {
            let reason = "allowed only from the pod itself; use kubectl port-forward";
            (StatusCode::FORBIDDEN, reason).into_response()
        }
    }
}

async fn set_level(FromState(server_state): FromState<ServerState>, filter: String) -> Response {
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
    use axum::body::{Body, Bytes};
    use futures::stream;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn other_peers_are_rejected_before_the_body_and_long_bodies_too() {
        let routes: Router = Router::new().route("/", only_from_pod(put(|_: String| async {})));
        let status = async |peer: &str, body: Body| {
            let mut request = Request::put("/").body(body).unwrap();
            request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer.parse().unwrap()));
            routes.clone().oneshot(request).await.unwrap().status()
        };
        let never_ends = Body::from_stream(stream::pending::<Result<Bytes, std::io::Error>>());
        assert_eq!(status("10.0.0.1:1", never_ends).await, StatusCode::FORBIDDEN);
        let longest = "a".repeat(MAX_FILTER_BYTES);
        assert_eq!(status("[::1]:1", longest.clone().into()).await, StatusCode::OK);
        let longer = longest + "a";
        assert_eq!(status("[::1]:1", longer.into()).await, StatusCode::PAYLOAD_TOO_LARGE);
    }

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
