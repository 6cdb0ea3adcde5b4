//! Insertion and retry of mails.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::types::Json;
use sqlx::{PgConnection, query};
use wire::Email;

use super::parse_status;
use crate::domain::NotificationId;
use crate::domain::content::Content;
use crate::domain::delivery::Status;
use crate::error::Error;

/// A mail to insert.
pub(crate) struct NewNotification {
    pub(crate) id: NotificationId,
    pub(crate) recipient: Email,
    pub(crate) subject: String,
    pub(crate) content: Content,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
}

/// Adds a mail to the queue; `false` if its idempotency key exists for its kind.
pub(crate) async fn insert(conn: &mut PgConnection, new: &NewNotification) -> Result<bool, Error> {
    let result = query!(
        "INSERT INTO notifications
             (id, kind, recipient, subject, content, idempotency_key,
              due_at, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)
         ON CONFLICT ON CONSTRAINT notifications_idempotency_key DO NOTHING",
        new.id.0,
        new.content.kind(),
        new.recipient.as_str(),
        new.subject,
        Json(&new.content) as _,
        new.idempotency_key,
        new.created_at.to_sqlx() as _,
        new.expires_at.map(ToSqlx::to_sqlx) as _,
    )
    .execute(conn)
    .await?;
    Ok(result.rows_affected() == 1)
}

/// The state that decides whether a mail can be sent again.
pub(crate) struct RetryState {
    pub(crate) status: Status,
    pub(crate) has_content: bool,
    pub(crate) expires_at: Option<Timestamp>,
}

/// Locks a mail until the transaction ends, and returns its state.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    id: NotificationId,
) -> Result<Option<RetryState>, Error> {
    let row = query!(
        r#"SELECT status, content IS NOT NULL AS "has_content!", expires_at
           FROM notifications WHERE id = $1 FOR UPDATE"#,
        id.0,
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(RetryState {
        status: parse_status(&row.status)?,
        has_content: row.has_content,
        expires_at: row.expires_at.map(Timestamp::from),
    }))
}

/// Puts a failed mail back into the queue with its attempts reset.
pub(crate) async fn requeue(
    conn: &mut PgConnection,
    id: NotificationId,
    now: Timestamp,
) -> Result<(), Error> {
    query!(
        "UPDATE notifications SET status = 'queued', attempts = 0, due_at = $2 WHERE id = $1",
        id.0,
        now.to_sqlx() as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}
