//! `/admin/notifications`: mails that the shop sends.

use axum::Json;
use axum::extract::State;
use proto::notification::v1::{ListNotificationsRequest, RetryNotificationRequest};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Admin;
use crate::openapi::service_route;
use crate::problem::{Code, Problem};
use crate::routes::PathId;
use crate::routes::codes::admin;
use crate::validation::{Page, Params, Validator};
use crate::views::notification::{NotificationList, QueuedNotification};

const STATUSES: [(&str, &str); 3] = [("queued", "queued"), ("sent", "sent"), ("failed", "failed")];

pub(super) fn routes() -> OpenApiRouter<App> {
    let retry_codes = admin(&[
        Code::NotFound,
        Code::NotificationNotFound,
        Code::Conflict,
        Code::NotificationSent,
        Code::NotificationExpired,
    ]);
    OpenApiRouter::new()
        .routes(service_route(&admin(&[Code::InvalidRequest]), routes!(list)))
        .routes(service_route(&retry_codes, routes!(retry)))
}

/// List mails
///
/// Returns the mails with recipient and status, newest first.
#[utoipa::path(
    get, path = "/notifications", operation_id = "listNotifications", tag = "admin",
    params(Page, ("status" = Option<String>, Query, pattern = "^(queued|sent|failed)$",
        description = "Only mails in this status.", example = "failed")),
    responses((status = 200, description = "A page of mails.", body = NotificationList)),
    security(("bearer" = []))
)]
async fn list(
    State(app): State<App>,
    _: Admin,
    params: Params,
) -> Result<Json<NotificationList>, Problem> {
    let mut validator = Validator::new();
    let pagination = Some(params.page(&mut validator));
    let status = params.choice(&mut validator, "status", &STATUSES).unwrap_or_default().to_owned();
    validator.finish()?;
    let request = ListNotificationsRequest { pagination, status };
    let notifications = app.notification().list_notifications(request).await?;
    Ok(Json(notifications.into_inner().into()))
}

/// Send a mail again
///
/// Retries a failed mail, with as many attempts as a new one.
#[utoipa::path(
    post, path = "/notifications/{id}/retry", operation_id = "retryNotification", tag = "admin",
    params(("id" = uuid::Uuid, Path, description = "The mail.")),
    responses((status = 200, description = "The mail is queued again.", body = QueuedNotification)),
    security(("bearer" = []))
)]
async fn retry(
    State(app): State<App>,
    _: Admin,
    PathId(id): PathId,
) -> Result<Json<QueuedNotification>, Problem> {
    let request = RetryNotificationRequest { id: id.to_string() };
    let queued = app.notification().retry_notification(request).await;
    queued.map_err(Problem::not_found_as(Code::NotificationNotFound))?;
    Ok(Json(QueuedNotification::new(id)))
}
