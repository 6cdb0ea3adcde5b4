//! Attempts to sign in, by the digest of an e-mail's key.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query};

use crate::{
    domain::{throttle::Attempts, token::Digest},
    error::Error,
};

/// The attempts on an address, locked; none so far if it is new.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    key: Digest,
    now: Timestamp,
) -> Result<Attempts, Error> {
    let row = query!(
        "INSERT INTO sign_in_attempts (digest, failures, last_at, blocked_until)
         VALUES ($1, 0, $2, $2)
         ON CONFLICT (digest) DO UPDATE SET failures = sign_in_attempts.failures
         RETURNING failures, last_at, blocked_until",
        &key.0,
        now.to_sqlx(),
    )
    .fetch_one(conn)
    .await?;
    Ok(Attempts {
        failures: row.failures,
        last_at: row.last_at.to_jiff(),
        blocked_until: row.blocked_until.to_jiff(),
    })
}

/// Writes attempts that are locked.
pub(crate) async fn update(
    conn: &mut PgConnection,
    key: Digest,
    attempts: Attempts,
) -> Result<(), Error> {
    query!(
        "UPDATE sign_in_attempts SET failures = $2, last_at = $3, blocked_until = $4
         WHERE digest = $1",
        &key.0,
        attempts.failures,
        attempts.last_at.to_sqlx(),
        attempts.blocked_until.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes one attempt back that was not decided.
pub(crate) async fn take_back(
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
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets all attempts on an address.
pub(crate) async fn forget(conn: &mut PgConnection, key: Digest) -> Result<(), Error> {
    query!("DELETE FROM sign_in_attempts WHERE digest = $1", &key.0).execute(conn).await?;
    Ok(())
}

/// Forgets up to `limit` addresses that nobody tried since `before`, and tells how many.
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
