//! The queue, as workers see it.
//!
//! A worker leases what is due: the row says until when nobody else takes it, and whose lease it is.
//! What the worker notes later counts only while the lease is still its own. Statements on several
//! rows pass over those that others hold, so that no two workers wait for each other. Those with a limit
//! find their rows in an ARRAY, which is made once; `IN (… LIMIT …)` PostgreSQL may join as a loop that
//! asks for as many again and again.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query, query_scalar};
use uuid::Uuid;

use crate::{
    domain::{
        NotificationId,
        content::Content,
        delivery::{EXPIRED, GAVE_UP, Next},
    },
    error::Error,
};

/// A worker's hold on mails.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease {
    pub(crate) id: Uuid,
    pub(crate) until: Timestamp,
}

/// A mail that is leased.
pub(crate) struct Due {
    pub(crate) id: NotificationId,
    pub(crate) recipient: String,
    /// `None` when a newer version wrote it, in words that this one does not know.
    pub(crate) content: Option<Content>,
    /// This one included.
    pub(crate) attempts: i32,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
}

/// Leases up to `limit` mails that are due and may still be tried, those that wait longest. Other
/// workers' rows are passed over.
pub(crate) async fn lease(
    conn: &mut PgConnection,
    now: Timestamp,
    lease: Lease,
    max_attempts: i32,
    limit: i64,
) -> Result<Vec<Due>, Error> {
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
    let due = rows.into_iter().map(|row| Due {
        id: row.id.into(),
        recipient: row.recipient,
        content: serde_json::from_value(row.content).ok(),
        attempts: row.attempts,
        created_at: row.created_at.into(),
        expires_at: row.expires_at.map(Timestamp::from),
    });
    Ok(due.collect())
}

/// Notes what became of a leased mail; false when the lease was lost meanwhile.
pub(crate) async fn note(
    conn: &mut PgConnection,
    id: NotificationId,
    lease: Lease,
    now: Timestamp,
    next: &Next,
) -> Result<bool, Error> {
    let statement = match next {
        Next::Sent => query!(
            "UPDATE notifications
             SET status = 'sent', sent_at = $3, content = NULL, error = '', lease_id = NULL
             WHERE id = $1 AND lease_id = $2",
            id.0,
            lease.id,
            now.to_sqlx() as _,
        ),
        Next::Failed(error) => query!(
            "UPDATE notifications SET status = 'failed', error = $3, lease_id = NULL
             WHERE id = $1 AND lease_id = $2",
            id.0,
            lease.id,
            error,
        ),
        Next::Again { at, error } => query!(
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

/// Ends what waits although it is of no use any more, and forgets what it says, also of what failed
/// before. Gives the kinds of the mails that waited.
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

/// Ends what was tried as often as may be by workers that did not live to note how it went. Gives the
/// kinds of the mails.
pub(crate) async fn give_up(
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
        GAVE_UP,
    )
    .fetch_all(conn)
    .await?;
    Ok(kinds)
}

/// Forgets mails from before a time that do not wait, the oldest; how many.
pub(crate) async fn forget(
    conn: &mut PgConnection,
    before: Timestamp,
    limit: i64,
) -> Result<u64, Error> {
    let forgotten = query!(
        "DELETE FROM notifications WHERE id = ANY(ARRAY(
             SELECT id FROM notifications WHERE created_at < $1 AND status <> 'queued'
             ORDER BY created_at, id LIMIT $2 FOR UPDATE SKIP LOCKED))",
        before.to_sqlx() as _,
        limit,
    );
    Ok(forgotten.execute(conn).await?.rows_affected())
}

/// How many mails wait, and since when the oldest one does.
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
mod tests {
    use jiff::SignedDuration;
    use sqlx::PgPool;

    use super::*;

    /// Rows at the moment `now`, each named by what is special about it.
    const ROWS: &str = "
        INSERT INTO notifications
            (id, kind, recipient, subject, content, status, attempts, due_at, expires_at, created_at)
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

    #[sqlx::test(migrator = "crate::MIGRATOR")]
    async fn what_is_due_is_leased_once_and_what_is_overdue_is_passed_over(pool: PgPool) {
        let mut conn = pool.acquire().await.unwrap();
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1);
        sqlx::query(ROWS).bind(now.to_sqlx()).execute(&mut *conn).await.unwrap();
        let hold = Lease { id: Uuid::from_u128(1), until: now + SignedDuration::from_mins(2) };

        let mut leased = lease(&mut conn, now, hold, 3, 10).await.unwrap();
        leased.sort_by(|a, b| a.recipient.cmp(&b.recipient));
        let leased: Vec<_> =
            leased.iter().map(|due| (due.recipient.as_str(), due.attempts)).collect();
        assert_eq!(leased, [("due", 1), ("due now", 3)]);

        assert!(lease(&mut conn, now, hold, 3, 10).await.unwrap().is_empty(), "they are leased");
    }
}
