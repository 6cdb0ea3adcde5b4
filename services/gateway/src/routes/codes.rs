//! Error codes that kinds of routes have in common, for the OpenAPI document.

use crate::problem::Code;

/// Returns the codes of a route that requires an access token, and `more`.
pub(super) fn signed_in(more: &[Code]) -> Vec<Code> {
    let all = [Code::Unauthenticated, Code::InvalidToken, Code::SessionEnded, Code::TokenExpired];
    all.iter().chain(more).copied().collect()
}

/// Returns the codes of a route that requires an access token or a cart token, and `more`.
pub(super) fn cart_owner(more: &[Code]) -> Vec<Code> {
    signed_in(&[&[Code::InvalidRequest], more].concat())
}

/// Returns the codes of a route that requires the administrator role, and `more`.
pub(super) fn admin(more: &[Code]) -> Vec<Code> {
    signed_in(&[&[Code::Forbidden], more].concat())
}

/// Returns the codes of a route that reads a body, and `more`.
pub(super) fn with_body(more: &[Code]) -> Vec<Code> {
    let body = [
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::RequestTimeout,
        Code::PayloadTooLarge,
        Code::UnsupportedMediaType,
    ];
    body.iter().chain(more).copied().collect()
}
