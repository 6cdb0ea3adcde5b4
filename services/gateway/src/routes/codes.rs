//! The codes that whole kinds of routes have in common, for the document.

use crate::problem::Code;

/// What a route may answer that needs a token, beside `more` of its own.
pub(super) fn signed_in(more: &[Code]) -> Vec<Code> {
    let all = [Code::Unauthenticated, Code::InvalidToken, Code::TokenExpired];
    all.iter().chain(more).copied().collect()
}

/// What a route may answer that is for administrators, beside `more` of its own.
pub(super) fn admin(more: &[Code]) -> Vec<Code> {
    signed_in(&[&[Code::Forbidden], more].concat())
}

/// What a route may answer that reads a body, beside `more` of its own.
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
