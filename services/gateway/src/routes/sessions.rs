//! `/me/sessions`: the caller's sessions.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use proto::user::v1::{EndSessionRequest, ListSessionsRequest};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::PathId;
use super::codes::signed_in;
use crate::app::App;
use crate::auth::SignedIn;
use crate::openapi::service_route;
use crate::problem::{Code, Problem};
use crate::views::session::SessionList;

pub(super) fn routes() -> OpenApiRouter<App> {
    let not_found = [Code::NotFound, Code::SessionNotFound];
    OpenApiRouter::new()
        .routes(service_route(&signed_in(&[Code::UserNotFound]), routes!(list)))
        .routes(service_route(&signed_in(&not_found), routes!(end)))
}

/// List my sessions
///
/// Every sign-in begins a session, which refreshes continue.
#[utoipa::path(
    get, path = "/me/sessions", operation_id = "listSessions", tag = "account",
    responses((status = 200, description = "All sessions.", body = SessionList)),
    security(("bearer" = []))
)]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
) -> Result<Json<SessionList>, Problem> {
    let request = ListSessionsRequest { user_id: caller.user_id.to_string() };
    let sessions = app.user().list_sessions(request).await;
    let sessions = sessions.map_err(Problem::not_found_as(Code::UserNotFound))?;
    Ok(Json(SessionList::new(sessions.into_inner(), caller)))
}

/// End one of my sessions
///
/// The session can no longer be refreshed. Its access tokens are refused within five seconds.
#[utoipa::path(
    delete, path = "/me/sessions/{id}", operation_id = "endSession", tag = "account",
    params(("id" = uuid::Uuid, Path, description = "The session.")),
    responses((status = 204, description = "The session has ended.")),
    security(("bearer" = []))
)]
async fn end(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    PathId(id): PathId,
) -> Result<StatusCode, Problem> {
    let request = EndSessionRequest { id: id.to_string(), user_id: caller.user_id.to_string() };
    let ended = app.user().end_session(request).await;
    ended.map_err(Problem::not_found_as(Code::SessionNotFound))?;
    Ok(StatusCode::NO_CONTENT)
}
