//! The admin port of a process: `/livez`, `/readyz`, `/metrics`. Never exposed to shoppers.

use crate::{Runtime, http};
use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use tokio::net::TcpListener;

/// The content type of the OpenMetrics text format, as Prometheus expects it.
const METRICS_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Serves until the process ends, so that probes and scrapes work while requests drain.
pub(crate) async fn serve(listener: TcpListener, runtime: Runtime) {
    let router = Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(runtime);
    let settings = http::ServerSettings::new(http::TrustedProxies::default());
    http::serve_until(listener, router, std::future::pending(), settings).await;
}

async fn readyz(State(runtime): State<Runtime>) -> (StatusCode, String) {
    match runtime.ready() {
        Ok(()) => (StatusCode::OK, "ok\n".to_owned()),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, reason + "\n"),
    }
}

async fn metrics(State(runtime): State<Runtime>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, METRICS_TYPE)], runtime.metrics().text())
}
