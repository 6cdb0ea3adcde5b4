//! Normalization of `Accept-Encoding`.
//!
//! The compression layer responds 406 to a request that rules out all its encodings, after the
//! handler has run. A server may disregard `Accept-Encoding` instead (RFC 9110, section 12.5.3).
//! Therefore the request that is passed on accepts gzip, or has no `Accept-Encoding`.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::ACCEPT_ENCODING;
use http::{HeaderMap, HeaderValue};

/// Sets `Accept-Encoding` to gzip if the client prefers it, and removes the header otherwise.
pub async fn normalize_accept_encoding(mut request: Request, next: Next) -> Response {
    let headers = request.headers_mut();
    let gzip = prefers_gzip(headers);
    headers.remove(ACCEPT_ENCODING);
    if gzip {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    }
    next.run(request).await
}

fn prefers_gzip(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    let codings: Vec<_> = lines.flat_map(|line| line.split(',')).map(parse_coding).collect();
    let weight_of = |names: &[&str]| {
        let found = |(name, _): &&(&str, f32)| names.iter().any(|n| name.eq_ignore_ascii_case(n));
        codings.iter().find(found).map(|(_, weight)| *weight)
    };
    let gzip = weight_of(&["gzip", "x-gzip"]).or_else(|| weight_of(&["*"])).unwrap_or(0.0);
    gzip > 0.0 && gzip >= weight_of(&["identity"]).unwrap_or(0.0)
}

/// Parses a content coding and its weight: 1 when absent, 0 when invalid.
fn parse_coding(text: &str) -> (&str, f32) {
    let (name, parameters) = text.split_once(';').unwrap_or((text, ""));
    let weight = match parameters.trim().split_once('=') {
        Some((q, value)) if q.trim().eq_ignore_ascii_case("q") => {
            value.trim().parse().unwrap_or(0.0)
        }
        _ => 1.0,
    };
    (name.trim(), weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_chosen_only_when_preferred() {
        for (accepted, gzip) in [
            ("gzip", true),
            ("br, x-gzip;q=0.5", true),
            ("*", true),
            ("GZIP ; Q=1.0, identity;q=0.5", true),
            ("identity;q=0, gzip", true),
            ("gzip;q=0.5, identity", false),
            ("gzip;q=0, *", false),
            ("identity;q=0", false),
            ("*;q=0", false),
            ("br, *;q=0", false),
            ("gzip;q=much", false),
            ("", false),
        ] {
            let value = HeaderValue::from_static(accepted);
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, value)]);
            assert_eq!(prefers_gzip(&headers), gzip, "{accepted}");
        }
        assert!(!prefers_gzip(&HeaderMap::new()));
    }
}
