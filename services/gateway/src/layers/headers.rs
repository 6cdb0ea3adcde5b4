//! The headers that every answer carries.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::{self, HeaderName, HeaderValue};

const VARY: &str = "Accept-Encoding, Origin, Authorization";

const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-store");

const FIXED: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::VARY, VARY),
];

/// Sets them; what says nothing of caching is somebody's own, and not to be stored.
pub(super) async fn complete(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(PRIVATE);
    response
}
