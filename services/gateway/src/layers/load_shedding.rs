//! Load shedding: requests above the limit of concurrent requests get 503 `overloaded` with
//! `Retry-After` at once, instead of waiting in a queue.
//!
//! One client gets at most a quarter of the places, but at least one.
//!
//! A request holds its place while the gateway works for it, but not while it waits for the body:
//! otherwise slow clients would occupy all places.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Extension, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use kit::http::{BudgetGuard, Client, ClientBudget, Sender};

use super::HEALTH_PATH;
use crate::body_budget::BodyBudget;
use crate::problem::{Code, Problem};

/// Limits of what all requests use together.
#[derive(Debug, Clone)]
pub(crate) struct ConcurrencyLimit {
    places: ClientBudget,
    bodies: BodyBudget,
}

impl ConcurrencyLimit {
    /// Creates a limit of `count` concurrent requests and of the memory of their bodies.
    pub(crate) fn new(count: u64, bodies: BodyBudget) -> Self {
        Self { places: ClientBudget::new(count), bodies }
    }

    fn take_place(&self, client: Client) -> Result<BudgetGuard, Problem> {
        self.places.try_take(client, 1).ok_or_else(|| Code::Overloaded.problem())
    }
}

/// What a request holds of the limits, in the request's extensions.
#[derive(Debug, Clone)]
pub(crate) struct RequestResources {
    limit: ConcurrencyLimit,
    client: Client,
    place: Arc<Mutex<Option<BudgetGuard>>>,
}

impl RequestResources {
    /// Returns the memory of request bodies.
    pub(crate) fn bodies(&self) -> &BodyBudget {
        &self.limit.bodies
    }

    /// Waits for `body` without a place, then takes one again.
    ///
    /// # Errors
    /// Returns 503 `overloaded` when no place is free.
    pub(crate) async fn without_place<T>(
        &self,
        body: impl Future<Output = T>,
    ) -> Result<T, Problem> {
        self.set_place(None);
        let body = body.await;
        self.set_place(Some(self.limit.take_place(self.client)?));
        Ok(body)
    }

    fn set_place(&self, place: Option<BudgetGuard>) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }
}

/// Runs the request if the limit permits, and responds 503 otherwise. Health checks are exempt: a
/// busy gateway is alive.
pub(super) async fn shed(
    State(limit): State<ConcurrencyLimit>,
    Extension(Sender { client, .. }): Extension<Sender>,
    mut request: Request,
    next: Next,
) -> Response {
    if request.uri().path() == HEALTH_PATH {
        return next.run(request).await;
    }
    let place = match limit.take_place(client) {
        Ok(place) => Arc::new(Mutex::new(Some(place))),
        Err(problem) => return problem.into_response(),
    };
    let resources = RequestResources { limit, client, place };
    request.extensions_mut().insert(resources.clone());
    let response = next.run(request).await;
    resources.set_place(None);
    response
}
