//! `/me`: the caller's own account.

use axum::Json;
use axum::extract::State;
use proto::user::v1::GetUserRequest;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::codes::{signed_in, with_body};
use crate::app::App;
use crate::auth::SignedIn;
use crate::openapi::service_route;
use crate::problem::{Code, Problem};
use crate::validation::{Body, Validator};
use crate::views::user::{ProfileChanges, User};

pub(super) fn routes() -> OpenApiRouter<App> {
    let not_found = [Code::UserNotFound];
    OpenApiRouter::new()
        .routes(service_route(&signed_in(&not_found), routes!(get)))
        .routes(service_route(&signed_in(&with_body(&not_found)), routes!(update)))
}

/// Get my account
#[utoipa::path(
    get, path = "/me", operation_id = "getMe", tag = "account",
    responses((status = 200, description = "The account.", body = User)),
    security(("bearer" = []))
)]
async fn get(State(app): State<App>, SignedIn(caller): SignedIn) -> Result<Json<User>, Problem> {
    let user = app.user().get_user(GetUserRequest { id: caller.user_id.to_string() }).await;
    let user = user.map_err(Problem::not_found_as(Code::UserNotFound))?;
    Ok(Json(user.into_inner().into()))
}

/// Change my profile
///
/// Absent fields stay unchanged.
#[utoipa::path(
    put, path = "/me", operation_id = "updateMe", tag = "account",
    request_body = ProfileChanges,
    responses((status = 200, description = "The updated account.", body = User)),
    security(("bearer" = []))
)]
async fn update(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(body): Body<ProfileChanges>,
) -> Result<Json<User>, Problem> {
    let mut validator = Validator::new();
    let request = body.validate(&mut validator, caller);
    validator.finish()?;
    let user = app.user().update_user(request).await;
    let user = user.map_err(Problem::not_found_as(Code::UserNotFound))?;
    Ok(Json(user.into_inner().into()))
}
