//! HTTP server: web pages for people, JSON for programs.

mod hosts;
mod json;
mod page;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use kit::problem::Problem;

use self::hosts::Hosts;
use crate::mailbox::Mailbox;

/// Security headers of every response. The content of mails is untrusted, so a page runs no script,
/// loads nothing from other origins, sends no data, and cannot be framed. A response that has its
/// own content security policy keeps it.
const SECURITY_HEADERS: [(HeaderName, HeaderValue); 4] = [
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

/// Returns the router of all paths.
pub(crate) fn router(mailbox: Mailbox, hosts: &[String]) -> Router {
    Router::new()
        .route("/", get(page::list))
        .route("/style.css", get(page::style))
        .route("/mails/{id}", get(page::mail))
        .route("/mails/{id}/html", get(page::html))
        .route("/api/v1/mails", get(json::list).delete(json::clear))
        .route("/api/v1/mails/{id}", get(json::mail))
        .fallback(async || RequestError::NotFound)
        .method_not_allowed_fallback(async || RequestError::MethodNotAllowed)
        .with_state(mailbox)
        .layer(middleware::from_fn_with_state(Hosts::new(hosts), hosts::check))
        .layer(middleware::from_fn(add_security_headers))
}

async fn add_security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in SECURITY_HEADERS {
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}

/// Why a request failed.
#[derive(Clone, Copy, Debug)]
enum RequestError {
    NotFound,
    MethodNotAllowed,
    UnknownHost,
    InvalidPage,
    /// A template failed to render: a defect of the server.
    RenderFailed,
}

impl IntoResponse for RequestError {
    fn into_response(self) -> Response {
        let (status, code, detail) = match self {
            Self::NotFound => {
                (StatusCode::NOT_FOUND, "not_found", "There is no such mail or path.")
            }
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "The path does not support this method.",
            ),
            Self::UnknownHost => (
                StatusCode::MISDIRECTED_REQUEST,
                "misdirected_request",
                "The inbox has no such host name; INBOX_HOSTS adds one.",
            ),
            Self::InvalidPage => (
                StatusCode::BAD_REQUEST,
                "validation_failed",
                "page must be at least 1, page_size must be from 1 to 100.",
            ),
            Self::RenderFailed => return Problem::internal().into_response(),
        };
        Problem::new(status, code, detail).into_response()
    }
}
