//! Public reads may be kept for a short while, and asked for again cheaply.
//!
//! The tag is a hash of the answer, so that it is the same on every replica. It saves the way to
//! the client, not the question to the catalog.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body_util::BodyExt as _;
use sha2::{Digest as _, Sha256};
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::problem::Code;

/// Of the hash, as much as makes two answers with one tag unthinkable.
const TAG_BYTES: usize = 16;

/// Puts the layer around public reads; anonymous answers may be kept for `max_age`.
pub(crate) fn of_public_reads(max_age: Duration, reads: OpenApiRouter<App>) -> OpenApiRouter<App> {
    reads.layer(from_fn_with_state(max_age, cached))
}

async fn cached(State(max_age): State<Duration>, request: Request, next: Next) -> Response {
    let known = request.headers().get_all(header::IF_NONE_MATCH);
    let known: Vec<HeaderValue> = known.iter().cloned().collect();
    let personal = request.headers().contains_key(header::AUTHORIZATION);
    let response = next.run(request).await;
    if response.status() != StatusCode::OK {
        return response;
    }
    let (parts, body) = response.into_parts();
    // The body is a JSON text that a handler made: it is there at once and cannot fail.
    let Ok(body) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
        return Code::Internal.problem().into_response();
    };
    let tag = tag_of(&body);
    let mut response = match known.iter().any(|value| names(value, &tag)) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Response::from_parts(parts, Body::from(body)),
    };
    tell(response.headers_mut(), &tag, personal, max_age);
    response
}

fn tell(headers: &mut HeaderMap, tag: &str, personal: bool, max_age: Duration) {
    let lifetime = match personal {
        true => "private, no-store".to_owned(),
        false => format!("public, max-age={}", max_age.as_secs()),
    };
    for (name, value) in [(header::ETAG, tag), (header::CACHE_CONTROL, &lifetime)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    }
}

fn tag_of(body: &[u8]) -> String {
    let hash = Sha256::digest(body);
    format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&hash[..TAG_BYTES]))
}

/// Whether `If-None-Match` names the tag, compared weakly (RFC 9110, 13.1.2).
fn names(value: &HeaderValue, tag: &str) -> bool {
    let opaque = tag.trim_start_matches("W/");
    let Ok(value) = value.to_str() else { return false };
    value
        .split(',')
        .map(str::trim)
        .any(|known| known == "*" || known.trim_start_matches("W/") == opaque)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::{names, tag_of};

    #[test]
    fn a_tag_is_compared_weakly_and_in_lists() {
        let tag = tag_of(b"{}");
        let strong = tag.trim_start_matches("W/").to_owned();
        for known in [tag.clone(), strong, format!("\"a\", {tag}"), "*".to_owned()] {
            let value = HeaderValue::try_from(&known).expect("a header");
            assert!(names(&value, &tag), "{known}");
        }
        assert!(!names(&HeaderValue::from_static("\"a\", W/\"b\""), &tag));
    }
}
