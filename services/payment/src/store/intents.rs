//! Open intents, and the expiry of authorizations.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query, query_scalar};

use crate::domain::ids::TransactionId;
use crate::error::Error;

/// Claims one due intent and postpones it by an exponential backoff, from `initial_backoff_secs` up
/// to `max_backoff_secs`. Rows that another replica has locked are skipped.
pub(crate) async fn claim_due(
    conn: &mut PgConnection,
    provider: &str,
    now: Timestamp,
    (initial_backoff_secs, max_backoff_secs): (i32, i32),
) -> Result<Option<TransactionId>, Error> {
    let id = query_scalar!(
        "UPDATE transactions SET attempts = attempts + 1, due_at = $2::timestamptz
             + make_interval(
                 secs => least($4::integer, $3::integer * power(2, least(attempts, 20))))
         WHERE id = (
             SELECT id FROM transactions
             WHERE state = 'open' AND due_at <= $2 AND provider = $1
             ORDER BY due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING id",
        provider,
        now.to_sqlx(),
        initial_backoff_secs,
        max_backoff_secs,
    );
    Ok(id.fetch_optional(conn).await?.map(TransactionId::from))
}

/// Expires a batch of authorizations of which nothing was captured in time. The subquery is an
/// ARRAY, so that it is evaluated once; PostgreSQL may execute `IN (… LIMIT …)` as a nested loop
/// that selects a new batch for each row.
pub(crate) async fn expire(conn: &mut PgConnection, now: Timestamp) -> Result<u64, Error> {
    let expired = query!(
        "UPDATE transactions SET state = 'expired' WHERE id = ANY(ARRAY(
             SELECT id FROM transactions
             WHERE kind = 'authorization' AND state = 'done' AND NOT undone AND claimed_cents = 0
                 AND expires_at <= $1
             ORDER BY expires_at, id LIMIT 500 FOR UPDATE SKIP LOCKED))",
        now.to_sqlx(),
    );
    Ok(expired.execute(conn).await?.rows_affected())
}

/// Returns the number of open intents and the creation time of the oldest one.
pub(crate) async fn count_open(conn: &mut PgConnection) -> Result<(i64, Option<Timestamp>), Error> {
    let row = query!(
        r#"SELECT count(*) AS "count!", min(created_at) AS oldest
           FROM transactions WHERE state = 'open'"#,
    )
    .fetch_one(conn)
    .await?;
    Ok((row.count, row.oldest.map(|at| at.to_jiff())))
}
