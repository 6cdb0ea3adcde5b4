//! What people and programs see over HTTP.

mod json;
mod page;

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use kit::problem::Problem;

use crate::mailbox::Mailbox;

/// On every answer. The mails are of anybody's making, so a page runs no script, loads nothing from
/// elsewhere, sends nothing anywhere, and stands in nobody's frame. An answer with a policy of its
/// own keeps it.
const HEADERS: [(HeaderName, HeaderValue); 4] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; frame-src 'self'; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// All paths there are.
pub(crate) fn router(mailbox: Mailbox) -> Router {
    Router::new()
        .route("/", get(page::list))
        .route("/style.css", get(page::style))
        .route("/mails/{id}", get(page::mail))
        .route("/mails/{id}/html", get(page::html))
        .route("/api/v1/mails", get(json::list).delete(json::clear))
        .route("/api/v1/mails/{id}", get(json::mail))
        .fallback(async || Refusal::NotFound)
        .method_not_allowed_fallback(async || Refusal::OtherMethods)
        .with_state(mailbox)
        .layer(middleware::from_fn(with_headers))
}

async fn with_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    NotFound,
    OtherMethods,
    NotAPage,
    /// A template failed, which is our fault.
    Unwritable,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, detail) = match self {
            Self::NotFound => {
                (StatusCode::NOT_FOUND, "not_found", "There is no such mail or path.")
            }
            Self::OtherMethods => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "This path has other methods.",
            ),
            Self::NotAPage => (
                StatusCode::BAD_REQUEST,
                "validation_failed",
                "page counts from 1, page_size is 1 to 100.",
            ),
            Self::Unwritable => return Problem::internal().into_response(),
        };
        Problem::new(status, code, detail).into_response()
    }
}
