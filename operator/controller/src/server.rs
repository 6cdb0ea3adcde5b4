//! Health, metrics and the log level, over HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::extract::{ConnectInfo, State as FromState};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::logging::Level;
use crate::state::State;

/// What the handlers see.
#[derive(Clone)]
pub struct Pages {
    state: Arc<State>,
    ready: Arc<AtomicBool>,
    level: Level,
}

impl Pages {
    /// Nothing is ready yet.
    #[must_use]
    pub fn new(state: Arc<State>, level: Level) -> Self {
        Self { state, ready: Arc::default(), level }
    }

    /// The index holds everything that exists; from now on this replica can lead.
    pub fn open(&self) {
        self.ready.store(true, Ordering::Relaxed);
    }

    /// The process is about to end.
    pub fn close(&self) {
        self.ready.store(false, Ordering::Relaxed);
    }
}

/// Serves until it is dropped.
///
/// # Errors
///
/// When the listener fails for good.
pub async fn serve(listener: TcpListener, pages: Pages) -> std::io::Result<()> {
    let routes = Router::new()
        .route("/livez", get(|| async { "ok" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .route("/log-level", get(level).put(set_level))
        .with_state(pages);
    axum::serve(listener, routes.into_make_service_with_connect_info::<SocketAddr>()).await
}

async fn readyz(FromState(pages): FromState<Pages>) -> Response {
    match pages.ready.load(Ordering::Relaxed) {
        true => "ok".into_response(),
        false => (StatusCode::SERVICE_UNAVAILABLE, "starting or ending").into_response(),
    }
}

async fn metrics(FromState(pages): FromState<Pages>) -> Response {
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match pages.state.metrics.encode(pages.state.queue.len()) {
        Ok(text) => ([(header::CONTENT_TYPE, content_type)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn level(FromState(pages): FromState<Pages>) -> String {
    pages.level.get()
}

/// Only from the pod itself, which is where `kubectl port-forward` comes from: whoever may do that
/// may also change how much is logged.
async fn set_level(
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    FromState(pages): FromState<Pages>,
    wanted: String,
) -> Response {
    if !peer.ip().is_loopback() {
        return (StatusCode::FORBIDDEN, "only from the pod itself").into_response();
    }
    match pages.level.set(wanted.trim()) {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(reason) => (StatusCode::BAD_REQUEST, reason).into_response(),
    }
}
