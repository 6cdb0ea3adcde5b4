//! `/admin/users`: management of accounts and their roles.

use std::ops::RangeInclusive;

use axum::Json;
use axum::extract::State;
use proto::user::v1::ListUsersRequest;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Admin;
use crate::openapi::service_route;
use crate::problem::{Code, Problem};
use crate::routes::PathId;
use crate::routes::codes::{admin, with_body};
use crate::validation::{Body, Page, Params, Validator};
use crate::views::user::{AccessChanges, User, UserList};

const QUERY_CHARS: RangeInclusive<usize> = 0..=200;

pub(super) fn routes() -> OpenApiRouter<App> {
    let update_codes =
        admin(&with_body(&[Code::NotFound, Code::UserNotFound, Code::Conflict, Code::LastAdmin]));
    OpenApiRouter::new()
        .routes(service_route(&admin(&[Code::InvalidRequest]), routes!(list)))
        .routes(service_route(&update_codes, routes!(update)))
}

/// List accounts
#[utoipa::path(
    get, path = "/users", operation_id = "listUsers", tag = "admin",
    params(Page, ("q" = Option<String>, Query, max_length = 200, example = "ada",
        description = "Part of an e-mail address or a name.")),
    responses((status = 200, description = "A page of accounts.", body = UserList)),
    security(("bearer" = []))
)]
async fn list(State(app): State<App>, _: Admin, params: Params) -> Result<Json<UserList>, Problem> {
    let mut validator = Validator::new();
    let pagination = Some(params.page(&mut validator));
    let query = params.query(&mut validator, "q", QUERY_CHARS).unwrap_or_default();
    validator.finish()?;
    let users = app.user().list_users(ListUsersRequest { pagination, query }).await?;
    Ok(Json(users.into_inner().into()))
}

/// Change the role of an account, or disable it
///
/// Absent fields stay unchanged. A new role and disabling end all sessions of the account; its
/// access tokens are refused within 5 seconds, and an administrator loses the rights at once. The
/// last administrator cannot be disabled or demoted.
#[utoipa::path(
    patch, path = "/users/{id}", operation_id = "updateUserAccess", tag = "admin",
    params(("id" = uuid::Uuid, Path, description = "The account.")),
    request_body = AccessChanges,
    responses((status = 200, description = "The updated account.", body = User)),
    security(("bearer" = []))
)]
async fn update(
    State(app): State<App>,
    _: Admin,
    PathId(id): PathId,
    Body(body): Body<AccessChanges>,
) -> Result<Json<User>, Problem> {
    let mut validator = Validator::new();
    let request = body.validate(&mut validator, id);
    validator.finish()?;
    let user = app.user().update_user_access(request).await;
    let user = user.map_err(Problem::not_found_as(Code::UserNotFound))?;
    Ok(Json(user.into_inner().into()))
}
