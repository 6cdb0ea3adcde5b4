//! Conversion of domain types to gRPC responses.

use proto::notification::v1 as pb;
use wire::Page;

use crate::store::listing::NotificationSummary;

pub(super) fn list(
    (listed, total): (Vec<NotificationSummary>, i64),
    page: Page,
) -> pb::ListNotificationsResponse {
    pb::ListNotificationsResponse {
        notifications: listed.into_iter().map(notification).collect(),
        pagination: Some(wire::render::page(page, total)),
    }
}

fn notification(listed: NotificationSummary) -> pb::Notification {
    let NotificationSummary {
        id,
        recipient,
        kind,
        subject,
        status,
        attempts,
        error,
        created_at,
        sent_at,
    } = listed;
    pb::Notification {
        id: id.to_string(),
        recipient_email: recipient,
        r#type: kind,
        subject,
        status: status.as_str().to_owned(),
        attempts,
        error,
        created_at: created_at.to_string(),
        sent_at: sent_at.map(|time| time.to_string()).unwrap_or_default(),
    }
}
