//! Load shedding: requests above the limit of concurrent requests get 503 at once, instead of
//! waiting in a queue.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use tokio::sync::Semaphore;

/// Seconds after which a rejected visitor may try again.
const RETRY_AFTER_SECS: u64 = 1;

/// Limit of concurrent requests. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct ConcurrencyLimit(Arc<Semaphore>);

impl ConcurrencyLimit {
    /// Creates a limit of `count` concurrent requests.
    pub(crate) fn new(count: usize) -> Self {
        Self(Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS))))
    }
}

/// Runs the request if the limit permits, and responds 503 otherwise.
pub(super) async fn shed(
    State(ConcurrencyLimit(places)): State<ConcurrencyLimit>,
    request: Request,
    next: Next,
) -> Response {
    match places.try_acquire_owned() {
        Ok(_place) => next.run(request).await,
        Err(_no_place) => {
            let retry_after = [(header::RETRY_AFTER, RETRY_AFTER_SECS.to_string())];
            (StatusCode::SERVICE_UNAVAILABLE, retry_after).into_response()
        }
    }
}
