//! `/admin`: what only administrators may do.

mod categories;
mod products;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::problem::Code;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().merge(products::routes()).merge(categories::routes())
}

/// What every administrator's route may answer, beside `more` of its own.
fn admin_codes(more: &[Code]) -> Vec<Code> {
    let all = [Code::Unauthenticated, Code::InvalidToken, Code::TokenExpired, Code::Forbidden];
    all.iter().chain(more).copied().collect()
}

/// What a route that reads a body may answer, beside `more` of its own.
fn admin_body_codes(more: &[Code]) -> Vec<Code> {
    let body = [
        Code::InvalidRequest,
        Code::InvalidJson,
        Code::RequestTimeout,
        Code::PayloadTooLarge,
        Code::UnsupportedMediaType,
    ];
    admin_codes(&body).iter().chain(more).copied().collect()
}
