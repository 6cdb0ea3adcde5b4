//! Replay header of responses to repeated requests with the same `Idempotency-Key`.

use axum::response::Response;
use http::{HeaderName, HeaderValue};

/// Header of a replayed response. It has the same name in gRPC and in HTTP.
const REPLAYED: &str = "idempotency-replayed";

/// Renders the response of a service, and adds `Idempotency-Replayed` if the service replayed it.
/// The rendered response may be a problem.
pub(super) fn with_replay_header<T>(
    response: tonic::Response<T>,
    render: impl FnOnce(T) -> Response,
) -> Response {
    let replayed = response.metadata().get(REPLAYED).is_some_and(|value| value == "true");
    let mut rendered = render(response.into_inner());
    if replayed {
        let name = HeaderName::from_static(REPLAYED);
        rendered.headers_mut().insert(name, HeaderValue::from_static("true"));
    }
    rendered
}
