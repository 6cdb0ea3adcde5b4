//! Sign-in attempts, by the digest of the e-mail address's key, or of the address and a network.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query};

use crate::domain::throttle::Attempts;
use crate::domain::token::Digest;
use crate::error::Error;

/// Locks and reads the attempts with an address. Inserts the row if it is missing.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    key: Digest,
    now: Timestamp,
) -> Result<Attempts, Error> {
    let row = query!(
        "INSERT INTO sign_in_attempts (digest, failures, last_at, blocked_until)
         VALUES ($1, 0, $2, $2)
         ON CONFLICT (digest) DO UPDATE SET failures = sign_in_attempts.failures
         RETURNING failures, last_at, blocked_until, mailed_at",
        &key.0,
        now.to_sqlx(),
    )
    .fetch_one(conn)
    .await?;
    Ok(Attempts {
        failures: row.failures,
        last_at: row.last_at.to_jiff(),
        blocked_until: row.blocked_until.to_jiff(),
        mailed_at: row.mailed_at.map(jiff_sqlx::Timestamp::to_jiff),
    })
}

/// Updates the attempts with an address, whose row must be locked.
pub(crate) async fn update(
    conn: &mut PgConnection,
    key: Digest,
    attempts: Attempts,
) -> Result<(), Error> {
    query!(
        "UPDATE sign_in_attempts
         SET failures = $2, last_at = $3, blocked_until = $4, mailed_at = $5
         WHERE digest = $1",
        &key.0,
        attempts.failures,
        attempts.last_at.to_sqlx(),
        attempts.blocked_until.to_sqlx(),
        attempts.mailed_at.map(|at| at.to_sqlx()) as Option<jiff_sqlx::Timestamp>,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Reverts one attempt that ended without a result. Deletes the row if nothing is left that it
/// stores: no failure, and no time of a mail.
pub(crate) async fn revert(
    conn: &mut PgConnection,
    key: Digest,
    now: Timestamp,
) -> Result<(), Error> {
    query!(
        "UPDATE sign_in_attempts
         SET failures = greatest(failures - 1, 0), blocked_until = least(blocked_until, $2)
         WHERE digest = $1",
        &key.0,
        now.to_sqlx(),
    )
    .execute(&mut *conn)
    .await?;
    // A statement of its own: it sees the count after all concurrent attempts.
    query!(
        "DELETE FROM sign_in_attempts
         WHERE digest = $1 AND failures = 0 AND mailed_at IS NULL",
        &key.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Clears all attempts with a key. Keeps the time of a mail, until the row is swept, so that there
/// is no second one soon.
pub(crate) async fn clear(
    conn: &mut PgConnection,
    key: Digest,
    now: Timestamp,
) -> Result<(), Error> {
    query!(
        "WITH mailed AS (
             UPDATE sign_in_attempts SET failures = 0, blocked_until = $2
             WHERE digest = $1 AND mailed_at IS NOT NULL
         )
         DELETE FROM sign_in_attempts WHERE digest = $1 AND mailed_at IS NULL",
        &key.0,
        now.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes up to `limit` rows without an attempt since `before`, and returns their number.
pub(crate) async fn sweep(
    conn: &mut PgConnection,
    before: Timestamp,
    limit: i64,
) -> Result<u64, Error> {
    let done = query!(
        "DELETE FROM sign_in_attempts WHERE digest = ANY(ARRAY(
             SELECT digest FROM sign_in_attempts WHERE last_at <= $1
             ORDER BY last_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        before.to_sqlx(),
        limit,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
