//! Cross-origin requests of browsers.

use std::str::FromStr;
use std::time::Duration;

use http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

/// Time that a browser may cache the response to a preflight request.
const PREFLIGHT_AGE: Duration = Duration::from_secs(600);

/// Headers that pages may send: those that the API reads or documents. Browsers send
/// `Accept-Encoding` and `Content-Length` themselves.
const REQUEST_HEADERS: [HeaderName; 11] = [
    header::AUTHORIZATION,
    header::CONTENT_ENCODING,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    HeaderName::from_static("baggage"),
    HeaderName::from_static("cart-token"),
    HeaderName::from_static("idempotency-key"),
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
    HeaderName::from_static("x-request-id"),
];

/// Headers that pages may read, in addition to the few that browsers always show.
const RESPONSE_HEADERS: [HeaderName; 10] = [
    header::ACCEPT_ENCODING,
    header::ALLOW,
    header::ETAG,
    header::RETRY_AFTER,
    header::WWW_AUTHENTICATE,
    HeaderName::from_static("idempotency-replayed"),
    HeaderName::from_static("ratelimit-limit"),
    HeaderName::from_static("ratelimit-remaining"),
    HeaderName::from_static("ratelimit-reset"),
    HeaderName::from_static("x-request-id"),
];

/// Origins whose pages may read responses.
#[derive(Debug, Clone)]
pub(crate) struct Origins(pub(crate) Vec<Origin>);

/// Origin: scheme, host and port, or `*` for any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(HeaderValue);

impl Origin {
    /// Whether the scheme is https.
    pub(crate) fn is_https(&self) -> bool {
        self.0.as_bytes().starts_with(b"https://")
    }

    /// Parses an origin that is not `*`.
    ///
    /// # Errors
    /// Returns a sentence that shows an example.
    pub(crate) fn parse_url(text: &str) -> Result<Self, String> {
        match text {
            "*" => Err("expected a URL such as https://api.example.com".to_owned()),
            url => url.parse(),
        }
    }
}

impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let invalid =
            || format!("expected an origin such as https://shop.example.com, or *: {text}");
        let uri = http::Uri::from_str(text).ok();
        let web = uri.as_ref().is_some_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some()
        });
        let bare = text.split_once("://").is_some_and(|(_, rest)| !rest.contains('/'));
        if text != "*" && !(web && bare) {
            return Err(invalid());
        }
        // Browsers send scheme and host in lower case.
        HeaderValue::try_from(text.to_ascii_lowercase()).map(Self).map_err(|_| invalid())
    }
}

pub(super) fn layer(Origins(origins): Origins) -> CorsLayer {
    let any = origins.iter().any(|origin| origin.0 == "*");
    let allowed = match any {
        true => AllowOrigin::from(Any),
        false => AllowOrigin::list(origins.into_iter().map(|origin| origin.0)),
    };
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(REQUEST_HEADERS)
        .expose_headers(RESPONSE_HEADERS)
        .max_age(PREFLIGHT_AGE)
}

#[cfg(test)]
mod tests {
    use super::Origin;

    #[test]
    fn origin_is_scheme_host_and_port() {
        for valid in ["http://localhost:3000", "https://shop.example.com", "*"] {
            assert!(valid.parse::<Origin>().is_ok(), "{valid}");
        }
        for wrong in
            ["", "localhost:3000", "https://shop.example.com/", "ftp://a", "https://", "a b"]
        {
            assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
        }
    }
}
