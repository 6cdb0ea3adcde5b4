//! Answers that may be those of earlier requests with the same `Idempotency-Key`.

use axum::response::Response;
use http::{HeaderName, HeaderValue};

/// Tells that an answer is that of an earlier request; the same in gRPC and in HTTP.
const REPLAYED: &str = "idempotency-replayed";

/// The answer made of a service's, with `Idempotency-Replayed` when that says so, be it a problem.
pub(super) fn told<T>(answer: tonic::Response<T>, render: impl FnOnce(T) -> Response) -> Response {
    let replayed = answer.metadata().get(REPLAYED).is_some_and(|value| value == "true");
    let mut response = render(answer.into_inner());
    if replayed {
        let name = HeaderName::from_static(REPLAYED);
        response.headers_mut().insert(name, HeaderValue::from_static("true"));
    }
    response
}
