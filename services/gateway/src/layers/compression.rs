//! Completion of compressed responses.

use axum::body::{Body, HttpBody as _};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::header::CONTENT_ENCODING;
use http_body_util::BodyExt as _;

use crate::problem::Code;

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
