//! `/admin/users`: who has an account, and what it may do.

use std::ops::RangeInclusive;

use axum::Json;
use axum::extract::State;
use proto::user::v1::ListUsersRequest;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Admin;
use crate::check::{Body, Check, Page, Params};
use crate::openapi::raising;
use crate::problem::{Code, Problem};
use crate::routes::PathId;
use crate::routes::codes::{admin, with_body};
use crate::views::user::{AccessChanges, User, UserList};

const QUERY_CHARS: RangeInclusive<usize> = 0..=200;

pub(super) fn routes() -> OpenApiRouter<App> {
    let update_codes =
        admin(&with_body(&[Code::NotFound, Code::UserNotFound, Code::Conflict, Code::LastAdmin]));
    OpenApiRouter::new()
        .routes(raising(&admin(&[Code::InvalidRequest]), routes!(list)))
        .routes(raising(&update_codes, routes!(update)))
}

/// List accounts
#[utoipa::path(
    get, path = "/users", operation_id = "listUsers", tag = "admin",
    params(Page, ("q" = Option<String>, Query, max_length = 200, example = "ada",
        description = "A part of an e-mail address or a name.")),
    responses((status = 200, description = "A page of accounts.", body = UserList)),
    security(("bearer" = []))
)]
async fn list(State(app): State<App>, _: Admin, params: Params) -> Result<Json<UserList>, Problem> {
    let mut check = Check::new();
    let pagination = Some(params.page(&mut check));
    let query = params.one(&mut check, "q").map(str::to_owned);
    let query = check.line("q", query, QUERY_CHARS).unwrap_or_default();
    check.finish()?;
    let users = app.user().list_users(ListUsersRequest { pagination, query }).await?;
    Ok(Json(users.into_inner().into()))
}

/// Change what an account may do
///
/// Fields that are absent stay as they are. Disabling ends all sessions at once; access tokens that
/// are out work until they expire. The last administrator stays one.
#[utoipa::path(
    patch, path = "/users/{id}", operation_id = "updateUserAccess", tag = "admin",
    params(("id" = uuid::Uuid, Path, description = "The account.")),
    request_body = AccessChanges,
    responses((status = 200, description = "The account as it is now.", body = User)),
    security(("bearer" = []))
)]
async fn update(
    State(app): State<App>,
    _: Admin,
    PathId(id): PathId,
    Body(body): Body<AccessChanges>,
) -> Result<Json<User>, Problem> {
    let mut check = Check::new();
    let request = body.read(&mut check, id);
    check.finish()?;
    let user = app.user().update_user_access(request).await;
    let user = user.map_err(Problem::where_missing_is(Code::UserNotFound))?;
    Ok(Json(user.into_inner().into()))
}
