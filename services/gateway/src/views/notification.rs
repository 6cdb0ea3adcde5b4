//! Mails and their delivery status.

use proto::notification::v1;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::non_empty;
use super::page::Pagination;

/// A mail.
#[derive(Serialize, ToSchema)]
pub(crate) struct Notification {
    /// Id of the mail.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a60")]
    id: String,
    /// E-mail address of the recipient.
    #[schema(example = "ada@example.com")]
    recipient_email: String,
    /// Kind of the mail.
    #[schema(example = "welcome")]
    r#type: String,
    /// Subject.
    #[schema(example = "Welcome to Storefront")]
    subject: String,
    /// Delivery status: `queued`, `sent` or `failed`.
    #[schema(pattern = "^(queued|sent|failed)$", example = "sent")]
    status: String,
    /// Delivery attempts.
    #[schema(example = 1, minimum = 0)]
    attempts: i32,
    /// Error of the last attempt; `""` if there was none.
    #[schema(example = "")]
    error: String,
    /// Time of creation.
    #[schema(format = DateTime, example = "2026-11-22T10:00:00Z")]
    created_at: String,
    /// Time of delivery; `null` before.
    #[schema(format = DateTime, example = "2026-11-22T10:00:02Z")]
    sent_at: Option<String>,
}

impl From<v1::Notification> for Notification {
    fn from(notification: v1::Notification) -> Self {
        Self {
            id: notification.id,
            recipient_email: notification.recipient_email,
            r#type: notification.r#type,
            subject: notification.subject,
            status: notification.status,
            attempts: notification.attempts,
            error: notification.error,
            created_at: notification.created_at,
            sent_at: non_empty(notification.sent_at),
        }
    }
}

/// A page of mails.
#[derive(Serialize, ToSchema)]
pub(crate) struct NotificationList {
    /// Mails of this page, newest first.
    notifications: Vec<Notification>,
    /// Position of the page in the whole list.
    pagination: Pagination,
}

impl From<v1::ListNotificationsResponse> for NotificationList {
    fn from(message: v1::ListNotificationsResponse) -> Self {
        let notifications = message.notifications.into_iter().map(Notification::from);
        Self { notifications: notifications.collect(), pagination: message.pagination.into() }
    }
}

/// A mail that is queued again.
#[derive(Serialize, ToSchema)]
pub(crate) struct QueuedNotification {
    /// Id of the mail.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a60")]
    id: String,
    /// Always `queued`.
    #[schema(pattern = "^queued$", example = "queued")]
    status: &'static str,
}

impl QueuedNotification {
    /// Creates the response for the mail `id`.
    pub(crate) fn new(id: Uuid) -> Self {
        Self { id: id.to_string(), status: "queued" }
    }
}
