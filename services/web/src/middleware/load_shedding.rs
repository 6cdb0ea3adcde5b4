//! Load shedding: limits of what all visitors use together, concurrent requests and the memory of
//! their forms. Requests above a limit get 503 at once, instead of waiting in a queue. One visitor
//! gets at most a quarter.
//!
//! A form is read before its request takes a place: otherwise slow visitors would occupy all
//! places.

use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{Extension, FromRequest as _, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use kit::http::{Client, ClientBudget, Sender};

/// Seconds after which a rejected visitor may try again.
const RETRY_AFTER_SECS: u64 = 1;

/// Maximum size of a form, in bytes.
pub(super) const MAX_FORM_BYTES: usize = 64 * 1024;

/// Memory of the forms of all requests, in bytes.
const FORMS_BYTES: u64 = 8 * 1024 * 1024;

/// Limits of what all requests use together. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct RequestLimits {
    places: ClientBudget,
    form_bytes: ClientBudget,
}

impl RequestLimits {
    /// Creates a limit of `max_in_flight` concurrent requests, and one of the memory of their
    /// forms.
    pub(crate) fn new(max_in_flight: u64) -> Self {
        Self {
            places: ClientBudget::new(max_in_flight),
            form_bytes: ClientBudget::new(FORMS_BYTES),
        }
    }
}

/// Reads the form and runs the request if the limits permit, and responds 503 otherwise.
pub(super) async fn shed(
    State(limits): State<RequestLimits>,
    Extension(Sender { client, .. }): Extension<Sender>,
    request: Request,
    next: Next,
) -> Response {
    if request.body().is_end_stream() {
        return run_in_place(&limits, client, request, next).await;
    }
    let (parts, body) = request.into_parts();
    let bytes = body.size_hint().exact().unwrap_or(MAX_FORM_BYTES as u64);
    // A longer form is not read.
    let bytes = bytes.min(MAX_FORM_BYTES as u64);
    let Some(_memory) = limits.form_bytes.try_take(client, bytes) else { return overloaded() };
    let unread = Request::from_parts(parts.clone(), body);
    let body = match Bytes::from_request(unread, &()).await {
        Ok(form) => Body::from(form),
        Err(rejection) => return rejection.status().into_response(),
    };
    run_in_place(&limits, client, Request::from_parts(parts, body), next).await
}

async fn run_in_place(
    limits: &RequestLimits,
    client: Client,
    request: Request,
    next: Next,
) -> Response {
    match limits.places.try_take(client, 1) {
        Some(_place) => next.run(request).await,
        None => overloaded(),
    }
}

fn overloaded() -> Response {
    let retry_after = [(header::RETRY_AFTER, RETRY_AFTER_SECS.to_string())];
    (StatusCode::SERVICE_UNAVAILABLE, retry_after).into_response()
}
