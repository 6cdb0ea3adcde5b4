//! Security headers of every response.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{self, HeaderName, HeaderValue};

use crate::base_url::BaseUrl;

/// Browsers use only https for the host of the shop, for a year.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// `Referrer-Policy` is `same-origin`: with `no-referrer` browsers send `Origin: null` for forms of
/// the same origin, and over plain http no `Sec-Fetch-Site`; every form would be rejected as a
/// cross-site request.
const FIXED: [(HeaderName, &str); 4] = [
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("permissions-policy"), ""),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
];

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");

/// The headers that depend on the settings.
#[derive(Clone, Debug)]
pub(crate) struct SecurityHeaders {
    content_security_policy: HeaderValue,
    is_https: bool,
}

impl SecurityHeaders {
    /// Creates the headers of a shop at `url` with images of these origins.
    pub(crate) fn new(url: &BaseUrl, image_origins: &[BaseUrl]) -> Self {
        let origins: String = image_origins.iter().map(|origin| format!(" {origin}")).collect();
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'{origins}; \
             connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; \
             base-uri 'none'; frame-ancestors 'none'"
        );
        // Origins are ASCII, so the default, which blocks everything, is never used.
        let strict = HeaderValue::from_static("default-src 'none'");
        Self {
            content_security_policy: HeaderValue::try_from(policy).unwrap_or(strict),
            is_https: url.is_https(),
        }
    }
}

/// Adds the headers.
pub(super) async fn add(
    State(security): State<SecurityHeaders>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert(header::CONTENT_SECURITY_POLICY, security.content_security_policy);
    headers.entry(RESOURCE_POLICY).or_insert(SAME_ORIGIN);
    if security.is_https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
    response
}
