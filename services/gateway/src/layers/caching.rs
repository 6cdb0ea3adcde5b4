//! Public reads may be kept for a short while, and asked for again cheaply.
//!
//! A handler that answers with an [`Answer`] gives all of it; here it is said in as few bytes as the
//! client can use: nothing but its tag to those who have it, its gzip form to those who read it.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use utoipa_axum::router::OpenApiRouter;

use super::MIN_COMPRESSED_BYTES;
use crate::answer::Answer;
use crate::app::App;

const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-store");

/// Puts the layer around public reads; anonymous answers may be kept for `max_age`.
pub(crate) fn of_public_reads(max_age: Duration, reads: OpenApiRouter<App>) -> OpenApiRouter<App> {
    let public = HeaderValue::try_from(format!("public, max-age={}", max_age.as_secs()));
    reads.layer(from_fn_with_state(public.unwrap_or(PRIVATE), cached))
}

async fn cached(State(public): State<HeaderValue>, request: Request, next: Next) -> Response {
    let client = Client::of(request.headers());
    let mut response = next.run(request).await;
    if let Some(answer) = response.extensions_mut().remove::<Answer>() {
        client.shorten(&mut response, &answer);
        let lifetime = if client.is_known { PRIVATE } else { public };
        response.headers_mut().insert(header::CACHE_CONTROL, lifetime);
    }
    response
}

/// What a request says of the one who sent it.
struct Client {
    /// Values of `If-None-Match`.
    has: Vec<HeaderValue>,
    /// Whether gzip is wanted, as [`super::encoding`] settled.
    reads_gzip: bool,
    /// Whether there is a token.
    is_known: bool,
}

impl Client {
    fn of(headers: &HeaderMap) -> Self {
        Self {
            has: headers.get_all(header::IF_NONE_MATCH).iter().cloned().collect(),
            reads_gzip: headers.contains_key(header::ACCEPT_ENCODING),
            is_known: headers.contains_key(header::AUTHORIZATION),
        }
    }

    fn shorten(&self, response: &mut Response, answer: &Answer) {
        let tag = answer.tag();
        if self.has.iter().any(|value| names(value, tag)) {
            *response = ([(header::ETAG, tag.clone())], StatusCode::NOT_MODIFIED).into_response();
        } else if self.reads_gzip
            && answer.body().len() as u64 >= MIN_COMPRESSED_BYTES
            && let Some(packed) = answer.gzip()
        {
            *response.body_mut() = Body::from(packed);
            let gzip = HeaderValue::from_static("gzip");
            response.headers_mut().insert(header::CONTENT_ENCODING, gzip);
        }
    }
}

/// Whether `If-None-Match` names the tag, compared weakly (RFC 9110, 13.1.2).
fn names(value: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(value), Ok(tag)) = (value.to_str(), tag.to_str()) else { return false };
    let opaque = tag.trim_start_matches("W/");
    value
        .split(',')
        .map(str::trim)
        .any(|known| known == "*" || known.trim_start_matches("W/") == opaque)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::names;

    #[test]
    fn a_tag_is_compared_weakly_and_in_lists() {
        let tag = HeaderValue::from_static("W/\"c\"");
        for known in ["W/\"c\"", "\"c\"", "\"a\", W/\"c\"", "*"] {
            assert!(names(&HeaderValue::from_static(known), &tag), "{known}");
        }
        assert!(!names(&HeaderValue::from_static("\"a\", W/\"b\""), &tag));
    }
}
