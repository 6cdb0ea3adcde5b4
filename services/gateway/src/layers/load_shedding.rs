//! Load shedding: requests above the limit of concurrent requests get 503 `overloaded` with
//! `Retry-After` at once, instead of waiting in a queue.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use super::HEALTH_PATH;
use crate::problem::Code;

/// Limit of concurrent requests.
#[derive(Debug, Clone)]
pub(crate) struct ConcurrencyLimit(Arc<Semaphore>);

impl ConcurrencyLimit {
    /// Creates a limit of `count` concurrent requests.
    pub(crate) fn new(count: usize) -> Self {
        Self(Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS))))
    }
}

/// Runs the request if the limit permits, and responds 503 otherwise. Health checks are exempt: a
/// busy gateway is alive.
pub(super) async fn shed(
    State(limit): State<ConcurrencyLimit>,
    request: Request,
    next: Next,
) -> Response {
    if request.uri().path() == HEALTH_PATH {
        return next.run(request).await;
    }
    match limit.0.try_acquire() {
        Ok(_permit) => next.run(request).await,
        Err(_) => Code::Overloaded.problem().into_response(),
    }
}
