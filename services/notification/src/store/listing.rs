//! The list of mails for administrators.

use jiff::Timestamp;
use sqlx::{PgConnection, query, query_scalar};
use wire::Page;

use super::parse_status;
use crate::domain::NotificationId;
use crate::domain::delivery::Status;
use crate::error::Error;

/// A mail without its content.
pub(crate) struct NotificationSummary {
    pub(crate) id: NotificationId,
    pub(crate) recipient: String,
    pub(crate) kind: String,
    pub(crate) subject: String,
    pub(crate) status: Status,
    pub(crate) attempts: i32,
    pub(crate) error: String,
    pub(crate) created_at: Timestamp,
    pub(crate) sent_at: Option<Timestamp>,
}

/// Returns a page of the mails with a status, or of all mails, newest first, and the total number.
pub(crate) async fn list(
    conn: &mut PgConnection,
    filter: Option<Status>,
    page: Page,
) -> Result<(Vec<NotificationSummary>, i64), Error> {
    let filter = filter.map(Status::as_str);
    let total = query_scalar!(
        r#"SELECT count(*) AS "count!" FROM notifications WHERE $1::text IS NULL OR status = $1"#,
        filter,
    )
    .fetch_one(&mut *conn)
    .await?;
    let rows = query!(
        "SELECT id, recipient, kind, subject, status, attempts, error, created_at, sent_at
         FROM notifications WHERE $1::text IS NULL OR status = $1
         ORDER BY created_at DESC, id DESC LIMIT $2 OFFSET $3",
        filter,
        i64::from(page.size()),
        page.offset(),
    )
    .fetch_all(conn)
    .await?;
    let listed = rows.into_iter().map(|row| {
        Ok(NotificationSummary {
            id: row.id.into(),
            recipient: row.recipient,
            kind: row.kind,
            subject: row.subject,
            status: parse_status(&row.status)?,
            attempts: row.attempts,
            error: row.error,
            created_at: row.created_at.into(),
            sent_at: row.sent_at.map(Timestamp::from),
        })
    });
    Ok((listed.collect::<Result<_, Error>>()?, total))
}
