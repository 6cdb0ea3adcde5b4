//! HTTP caching of public reads: `Cache-Control`, entity tags and conditional requests.
//!
//! A handler responds with a complete [`EncodedResponse`]. This layer shortens it: 304 with the tag
//! for clients that have the response already, and the gzip form for clients that accept gzip.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use utoipa_axum::router::OpenApiRouter;

use super::MIN_COMPRESSED_BYTES;
use crate::app::App;
use crate::encoded_response::EncodedResponse;
use crate::entity_tag;

const PRIVATE: HeaderValue = HeaderValue::from_static("private, no-store");

/// Applies the layer to public reads. Anonymous clients may cache responses for `max_age`.
pub(crate) fn cache_public_reads(
    max_age: Duration,
    reads: OpenApiRouter<App>,
) -> OpenApiRouter<App> {
    let public = HeaderValue::try_from(format!("public, max-age={}", max_age.as_secs()));
    reads.layer(from_fn_with_state(public.unwrap_or(PRIVATE), respond))
}

async fn respond(State(public): State<HeaderValue>, request: Request, next: Next) -> Response {
    let client = ClientHeaders::parse(request.headers());
    let mut response = next.run(request).await;
    if let Some(encoded) = response.extensions_mut().remove::<EncodedResponse>() {
        client.shorten(&mut response, &encoded);
        let cache_control = if client.is_authenticated { PRIVATE } else { public };
        response.headers_mut().insert(header::CACHE_CONTROL, cache_control);
    }
    response
}

/// Request headers that determine the form of the response.
struct ClientHeaders {
    /// Values of `If-None-Match`.
    if_none_match: Vec<HeaderValue>,
    /// Whether the client accepts gzip, as normalized by [`kit::http::normalize_accept_encoding`].
    accepts_gzip: bool,
    /// Whether the request has credentials.
    is_authenticated: bool,
}

impl ClientHeaders {
    fn parse(headers: &HeaderMap) -> Self {
        Self {
            if_none_match: headers.get_all(header::IF_NONE_MATCH).iter().cloned().collect(),
            accepts_gzip: headers.contains_key(header::ACCEPT_ENCODING),
            is_authenticated: headers.contains_key(header::AUTHORIZATION),
        }
    }

    fn shorten(&self, response: &mut Response, encoded: &EncodedResponse) {
        let tag = encoded.tag();
        if kit::http::matches_etag(&self.if_none_match, tag) {
            *response = ([(header::ETAG, tag.clone())], StatusCode::NOT_MODIFIED).into_response();
        } else if self.accepts_gzip
            && !entity_tag::is_strong(tag)
            && encoded.body().len() as u64 >= MIN_COMPRESSED_BYTES
            && let Some(gzip) = encoded.gzip()
        {
            *response.body_mut() = Body::from(gzip);
            let coding = HeaderValue::from_static("gzip");
            response.headers_mut().insert(header::CONTENT_ENCODING, coding);
        }
    }
}
