//! Normalization of `Accept-Encoding`, and completion of compressed responses.
//!
//! The compression layer responds 406 to a request that rules out all its encodings, after the
//! handler has run. A server may disregard `Accept-Encoding` instead (RFC 9110, section 12.5.3).
//! Therefore the request that is passed on accepts gzip, or has no `Accept-Encoding`.

use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING};
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt as _;

use crate::problem::Code;

/// Sets `Accept-Encoding` to gzip if the client prefers it, and removes the header otherwise.
pub(crate) async fn normalize(mut request: Request, next: Next) -> Response {
    let headers = request.headers_mut();
    let gzip = prefers_gzip(headers);
    headers.remove(ACCEPT_ENCODING);
    if gzip {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    }
    next.run(request).await
}

/// Compresses a response completely before it is sent. The bodies of the gateway are in memory, so
/// this does not wait, and a slow client does not keep the state of the compression, which has
/// hundreds of KiB.
pub(crate) async fn complete(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let is_complete = response.body().size_hint().exact().is_some();
    if is_complete || !response.headers().contains_key(CONTENT_ENCODING) {
        return response;
    }
    let (parts, body) = response.into_parts();
    match body.collect().await {
        Ok(body) => Response::from_parts(parts, Body::from(body.to_bytes())),
        Err(error) => {
            tracing::error!(%error, "response compression failed");
            Code::Internal.problem().into_response()
        }
    }
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
