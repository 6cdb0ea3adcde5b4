//! `/admin/notifications`: the shop's mails.

use axum::Json;
use axum::extract::State;
use proto::notification::v1::{ListNotificationsRequest, RetryNotificationRequest};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Admin;
use crate::check::{Check, Page, Params};
use crate::openapi::raising;
use crate::problem::{Code, Problem};
use crate::routes::PathId;
use crate::routes::codes::admin;
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
        .routes(raising(&admin(&[Code::InvalidRequest]), routes!(list)))
        .routes(raising(&retry_codes, routes!(retry)))
}

/// List mails
///
/// What was sent to whom, newest first.
#[utoipa::path(
    get, path = "/notifications", operation_id = "listNotifications", tag = "admin",
    params(Page, ("status" = Option<String>, Query, pattern = "^(queued|sent|failed)$",
        description = "Only those that stand there.", example = "failed")),
    responses((status = 200, description = "A page of mails.", body = NotificationList)),
    security(("bearer" = []))
)]
async fn list(
    State(app): State<App>,
    _: Admin,
    params: Params,
) -> Result<Json<NotificationList>, Problem> {
    let mut check = Check::new();
    let pagination = Some(params.page(&mut check));
    let status = params.choice(&mut check, "status", &STATUSES).unwrap_or_default().to_owned();
    check.finish()?;
    let request = ListNotificationsRequest { pagination, status };
    let notifications = app.notification().list_notifications(request).await?;
    Ok(Json(notifications.into_inner().into()))
}

/// Send a mail again
///
/// One that failed is tried again, as often as a new one.
#[utoipa::path(
    post, path = "/notifications/{id}/retry", operation_id = "retryNotification", tag = "admin",
    params(("id" = uuid::Uuid, Path, description = "The mail.")),
    responses((status = 200, description = "It is in the queue again.", body = QueuedNotification)),
    security(("bearer" = []))
)]
async fn retry(
    State(app): State<App>,
    _: Admin,
    PathId(id): PathId,
) -> Result<Json<QueuedNotification>, Problem> {
    let request = RetryNotificationRequest { id: id.to_string() };
    let queued = app.notification().retry_notification(request).await;
    queued.map_err(Problem::where_missing_is(Code::NotificationNotFound))?;
    Ok(Json(QueuedNotification::new(id)))
}
