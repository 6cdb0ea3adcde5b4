//! The mail queue, from which workers lease mails. A poison message, whose attempts end without a
//! result because workers die, fails when its attempts are exhausted.
//!
//! A worker leases mails that are due: the row has the ID and the end of the lease. The worker's
//! result is recorded only if the row still has its lease (the lease ID is a fencing token).
//! Statements on several rows skip locked rows, so that workers do not wait for each other.
//! Statements with a limit select their rows into an ARRAY, which is evaluated once: PostgreSQL can
//! plan `IN (… LIMIT …)` as a nested loop that evaluates the subquery repeatedly and so exceeds the
//! limit.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query, query_scalar};
use uuid::Uuid;

use crate::domain::NotificationId;
use crate::domain::content::Content;
use crate::domain::delivery::{ATTEMPTS_EXHAUSTED, EXPIRED, NextState};
use crate::error::Error;

/// A worker's lease on mails.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease {
    pub(crate) id: Uuid,
    pub(crate) until: Timestamp,
}

/// A leased mail.
pub(crate) struct LeasedMail {
    pub(crate) id: NotificationId,
    pub(crate) recipient: String,
    /// `None` if a newer version wrote a content that this version cannot parse.
    pub(crate) content: Option<Content>,
    /// Number of attempts, including the current one.
    pub(crate) attempts: i32,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
}

/// Leases up to `limit` mails that are due and have attempts left, those due longest first. Skips
/// rows that other workers have locked.
pub(crate) async fn lease(
    conn: &mut PgConnection,
    now: Timestamp,
    lease: Lease,
    max_attempts: i32,
    limit: i64,
) -> Result<Vec<LeasedMail>, Error> {
    let rows = query!(
        r#"UPDATE notifications SET attempts = attempts + 1, lease_id = $2, due_at = $3
           WHERE id = ANY(ARRAY(
               SELECT id FROM notifications WHERE status = 'queued' AND due_at <= $1
                   AND attempts < $5 AND (expires_at > $1) IS NOT FALSE
               ORDER BY due_at, id LIMIT $4 FOR UPDATE SKIP LOCKED))
           RETURNING id, recipient, content AS "content!: serde_json::Value", attempts,
               created_at, expires_at"#,
        now.to_sqlx() as _,
        lease.id,
        lease.until.to_sqlx() as _,
        limit,
        max_attempts,
    )
    .fetch_all(conn)
    .await?;
    let due = rows.into_iter().map(|row| LeasedMail {
        id: row.id.into(),
        recipient: row.recipient,
        content: serde_json::from_value(row.content).ok(),
        attempts: row.attempts,
        created_at: row.created_at.into(),
        expires_at: row.expires_at.map(Timestamp::from),
    });
    Ok(due.collect())
}

/// Records the result of a leased mail; `false` if the lease was lost.
pub(crate) async fn record_result(
    conn: &mut PgConnection,
    id: NotificationId,
    lease: Lease,
    now: Timestamp,
    next: &NextState,
) -> Result<bool, Error> {
    let statement = match next {
        NextState::Sent => query!(
            "UPDATE notifications
             SET status = 'sent', sent_at = $3, content = NULL, error = '', lease_id = NULL
             WHERE id = $1 AND lease_id = $2",
            id.0,
            lease.id,
            now.to_sqlx() as _,
        ),
        NextState::Failed(error) => query!(
            "UPDATE notifications SET status = 'failed', error = $3, lease_id = NULL
             WHERE id = $1 AND lease_id = $2",
            id.0,
            lease.id,
            error,
        ),
        NextState::Retry { at, error } => query!(
            "UPDATE notifications SET due_at = $3, error = $4, lease_id = NULL
             WHERE id = $1 AND lease_id = $2",
            id.0,
            lease.id,
            at.to_sqlx() as _,
            error,
        ),
    };
    Ok(statement.execute(conn).await?.rows_affected() == 1)
}

/// Fails the queued mails that have expired, and deletes the content of all expired mails,
/// including those that failed before. Returns the kinds of the mails that it failed.
pub(crate) async fn expire(conn: &mut PgConnection, now: Timestamp) -> Result<Vec<String>, Error> {
    query!(
        "UPDATE notifications SET content = NULL
         WHERE id IN (SELECT id FROM notifications
                      WHERE expires_at <= $1 AND content IS NOT NULL AND status = 'failed'
                      FOR UPDATE SKIP LOCKED)",
        now.to_sqlx() as _,
    )
    .execute(&mut *conn)
    .await?;
    let kinds = query_scalar!(
        "UPDATE notifications
         SET status = 'failed', content = NULL, error = $2, lease_id = NULL
         WHERE id IN (SELECT id FROM notifications
                      WHERE expires_at <= $1 AND content IS NOT NULL
                        AND status = 'queued' AND due_at <= $1
                      FOR UPDATE SKIP LOCKED)
         RETURNING kind",
        now.to_sqlx() as _,
        EXPIRED,
    )
    .fetch_all(conn)
    .await?;
    Ok(kinds)
}

/// Fails the mails that have exhausted their attempts because workers died before they recorded a
/// result. Returns the kinds of these mails.
pub(crate) async fn fail_exhausted(
    conn: &mut PgConnection,
    now: Timestamp,
    max_attempts: i32,
) -> Result<Vec<String>, Error> {
    let kinds = query_scalar!(
        "UPDATE notifications SET status = 'failed', error = $3, lease_id = NULL
         WHERE id IN (SELECT id FROM notifications
                      WHERE status = 'queued' AND due_at <= $1 AND attempts >= $2
                      FOR UPDATE SKIP LOCKED)
         RETURNING kind",
        now.to_sqlx() as _,
        max_attempts,
        ATTEMPTS_EXHAUSTED,
    )
    .fetch_all(conn)
    .await?;
    Ok(kinds)
}

/// Deletes the oldest mails from before `before` that are not queued, and returns their number.
pub(crate) async fn delete_old(
    conn: &mut PgConnection,
    before: Timestamp,
    limit: i64,
) -> Result<u64, Error> {
    let deleted = query!(
        "DELETE FROM notifications WHERE id = ANY(ARRAY(
             SELECT id FROM notifications WHERE created_at < $1 AND status <> 'queued'
             ORDER BY created_at, id LIMIT $2 FOR UPDATE SKIP LOCKED))",
        before.to_sqlx() as _,
        limit,
    );
    Ok(deleted.execute(conn).await?.rows_affected())
}

/// Returns the number of queued mails and when the oldest was added.
pub(crate) async fn depth(conn: &mut PgConnection) -> Result<(i64, Option<Timestamp>), Error> {
    let row = query!(
        r#"SELECT count(*) AS "count!", min(created_at) AS oldest
           FROM notifications WHERE status = 'queued'"#,
    )
    .fetch_one(conn)
    .await?;
    Ok((row.count, row.oldest.map(Timestamp::from)))
}

#[cfg(test)]
mod tests_with_servers {
    use jiff::SignedDuration;

    use super::*;

    /// Rows at the time `now`. The recipient names the case.
    const ROWS: &str = "
        INSERT INTO notifications
            (id, kind, recipient, subject, content, status, attempts,
             due_at, expires_at, created_at)
        SELECT gen_random_uuid(), 'welcome', recipient, '', '{}', status, attempts,
            $1 + make_interval(secs => due), $1 + make_interval(secs => expires), $1
        FROM (VALUES
            ('due',           'queued', 0, -1,   NULL::integer),
            ('due now',       'queued', 2, 0,    1),
            ('not due',       'queued', 0, 1,    NULL),
            ('expired now',   'queued', 0, -1,   0),
            ('tried enough',  'queued', 3, -1,   NULL),
            ('failed',        'failed', 1, -1,   NULL)
        ) AS row (recipient, status, attempts, due, expires)";

    #[tokio::test]
    async fn lease_takes_due_mails_once_and_skips_overdue_ones() {
        let database = testing::database(&crate::MIGRATOR).await;
        let mut conn = database.pool().acquire().await.unwrap();
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1);
        sqlx::query(ROWS).bind(now.to_sqlx()).execute(&mut *conn).await.unwrap();
        let new_lease = Lease { id: Uuid::from_u128(1), until: now + SignedDuration::from_mins(2) };

        let mut leased = lease(&mut conn, now, new_lease, 3, 10).await.unwrap();
        leased.sort_by(|a, b| a.recipient.cmp(&b.recipient));
        let leased: Vec<_> =
            leased.iter().map(|due| (due.recipient.as_str(), due.attempts)).collect();
        assert_eq!(leased, [("due", 1), ("due now", 3)]);

        assert!(
            lease(&mut conn, now, new_lease, 3, 10).await.unwrap().is_empty(),
            "the mails are leased already"
        );
    }
}
