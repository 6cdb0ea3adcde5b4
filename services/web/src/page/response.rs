//! The response with a page: its entity tag, and what caches may do with it.

use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};

use crate::view::Storage;

/// Length of the truncated hash in an entity tag: enough to make collisions negligible.
const TAG_BYTES: usize = 16;

const REVALIDATE: HeaderValue = HeaderValue::from_static("private, no-cache");
const NEVER: HeaderValue = HeaderValue::from_static("no-store");
/// Pages depend on the session, the theme and the flash message.
const VARY: HeaderValue = HeaderValue::from_static("cookie");
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// A rendered page.
pub(super) struct PageResponse {
    pub(super) html: String,
    pub(super) storage: Storage,
    pub(super) status: StatusCode,
}

impl PageResponse {
    /// Responds with the page, or with 304 if the browser has it already.
    pub(super) fn respond_to(self, if_none_match: Option<&HeaderValue>) -> Response {
        let Self { html, storage, status } = self;
        if storage == Storage::Never || status != StatusCode::OK {
            let headers = [
                (header::CONTENT_TYPE, HTML),
                (header::CACHE_CONTROL, NEVER),
                (header::VARY, VARY),
            ];
            return (status, headers, html).into_response();
        }
        let tag = weak_tag(&html);
        let headers = [
            (header::ETAG, tag.clone()),
            (header::CACHE_CONTROL, REVALIDATE),
            (header::VARY, VARY),
        ];
        match kit::http::matches_etag(if_none_match, &tag) {
            true => (StatusCode::NOT_MODIFIED, headers).into_response(),
            false => (status, headers, [(header::CONTENT_TYPE, HTML)], html).into_response(),
        }
    }
}

/// Returns a weak entity tag: the compressed page has the same one.
pub(crate) fn weak_tag(body: impl AsRef<[u8]>) -> HeaderValue {
    let hash = Sha256::digest(body);
    let tag = format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&hash[..TAG_BYTES]));
    // Base64 is valid in a header, so the default is never used.
    HeaderValue::try_from(tag).unwrap_or(HeaderValue::from_static("W/\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(storage: Storage, known: Option<&HeaderValue>) -> Response {
        let html = "<!doctype html>".to_owned();
        PageResponse { html, storage, status: StatusCode::OK }.respond_to(known)
    }

    #[test]
    fn known_page_is_not_sent_again() {
        let first = response(Storage::Revalidate, None);
        let tag = first.headers()[header::ETAG].clone();
        assert_eq!(first.status(), StatusCode::OK);
        assert_eq!(first.headers()[header::CACHE_CONTROL], "private, no-cache");
        let second = response(Storage::Revalidate, Some(&tag));
        assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
        let other = HeaderValue::from_static("\"a\", W/\"b\"");
        assert_eq!(response(Storage::Revalidate, Some(&other)).status(), StatusCode::OK);
    }

    #[test]
    fn personal_page_has_no_tag() {
        let response = response(Storage::Never, None);
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        assert!(!response.headers().contains_key(header::ETAG));
    }
}
