//! Mails that were sent, or could not be.

use proto::notification::v1;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::page::Pagination;
use super::reference;

/// A mail.
#[derive(Serialize, ToSchema)]
pub(crate) struct Notification {
    /// The mail.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a60")]
    id: String,
    /// To whom.
    #[schema(example = "ada@example.com")]
    recipient_email: String,
    /// What it is about.
    #[schema(example = "welcome")]
    r#type: String,
    /// Its subject.
    #[schema(example = "Welcome to Storefront")]
    subject: String,
    /// `queued`, `sent` or `failed`.
    #[schema(pattern = "^(queued|sent|failed)$", example = "sent")]
    status: String,
    /// How often it was tried.
    #[schema(example = 1, minimum = 0)]
    attempts: i32,
    /// Why the last try failed; `""` when it did not.
    #[schema(example = "")]
    error: String,
    /// Since when it is there.
    #[schema(format = DateTime, example = "2026-11-22T10:00:00Z")]
    created_at: String,
    /// When it was sent; `null` before.
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
            sent_at: reference(notification.sent_at),
        }
    }
}

/// A page of mails.
#[derive(Serialize, ToSchema)]
pub(crate) struct NotificationList {
    /// The mails of this page, newest first.
    notifications: Vec<Notification>,
    /// Where the page stands.
    pagination: Pagination,
}

impl From<v1::ListNotificationsResponse> for NotificationList {
    fn from(message: v1::ListNotificationsResponse) -> Self {
        let notifications = message.notifications.into_iter().map(Notification::from);
        Self { notifications: notifications.collect(), pagination: message.pagination.into() }
    }
}

/// A mail that is to be sent again.
#[derive(Serialize, ToSchema)]
pub(crate) struct QueuedNotification {
    /// The mail.
    #[schema(format = Uuid, example = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a60")]
    id: String,
    /// Always `queued`.
    #[schema(pattern = "^queued$", example = "queued")]
    status: &'static str,
}

impl QueuedNotification {
    /// The mail `id`, which is in the queue again.
    pub(crate) fn new(id: Uuid) -> Self {
        Self { id: id.to_string(), status: "queued" }
    }
}
