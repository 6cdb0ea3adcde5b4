//! So many requests at once, and no more: the rest is told to come back rather than to queue.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;

use super::PROBED;
use crate::problem::Code;

/// Places for requests under way.
#[derive(Debug, Clone)]
pub(crate) struct Slots(Arc<Semaphore>);

impl Slots {
    /// `count` places.
    pub(crate) fn new(count: usize) -> Self {
        Self(Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS))))
    }
}

/// Takes a place for the request, or answers 503 when there is none. A probe needs none: a gateway
/// that is busy is alive.
pub(super) async fn shed(State(slots): State<Slots>, request: Request, next: Next) -> Response {
    if request.uri().path() == PROBED {
        return next.run(request).await;
    }
    match slots.0.try_acquire() {
        Ok(_place) => next.run(request).await,
        Err(_) => Code::Overloaded.problem().into_response(),
    }
}
