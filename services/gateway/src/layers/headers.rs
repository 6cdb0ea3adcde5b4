//! Headers of every response.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{self, HeaderName, HeaderValue};

const VARY: &str = "Accept-Encoding, Origin, Authorization";

const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-store");

/// Content security policy of responses that have none of their own: JSON loads nothing.
const POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; base-uri 'none'; frame-ancestors 'none'");

/// Browsers use only https for the host of the API, for a year. Other names of the domain are not
/// included: the gateway does not know them.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Whether clients reach the API over https.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IsHttps(pub(crate) bool);

const FIXED: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::VARY, VARY),
];

/// Adds the headers. A response without `Cache-Control` is private and must not be stored.
pub(super) async fn add(
    State(IsHttps(is_https)): State<IsHttps>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(PRIVATE);
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(POLICY);
    if is_https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    response
}
