//! Sessions and their refresh tokens.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{Connection as _, PgConnection, query, query_scalar};

use crate::domain::ids::{SessionId, UserId};
use crate::domain::sealed_token::SealedToken;
use crate::domain::session::{MAX_SESSIONS, Session, StoredRefreshToken};
use crate::domain::token::Digest;
use crate::error::Error;

/// Inserts a session without tokens, and ends the oldest sessions of an account that has too many.
/// The account must be locked.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    session: SessionId,
    user: UserId,
    now: Timestamp,
) -> Result<(), Error> {
    query!(
        "DELETE FROM sessions WHERE id IN (
             SELECT id FROM sessions WHERE user_id = $1
             ORDER BY created_at DESC, id DESC OFFSET $2
         )",
        user.0,
        MAX_SESSIONS - 1,
    )
    .execute(&mut *conn)
    .await?;
    query!(
        "INSERT INTO sessions (id, user_id, created_at, expires_at) VALUES ($1, $2, $3, $3)",
        session.0,
        user.0,
        now.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds a token that is issued at `now` to a session, and extends the session to the token's
/// expiry.
pub(crate) async fn add_token(
    conn: &mut PgConnection,
    session: SessionId,
    digest: Digest,
    (now, expires_at): (Timestamp, Timestamp),
) -> Result<(), Error> {
    query!(
        "INSERT INTO refresh_tokens (digest, session_id, expires_at) VALUES ($1, $2, $3)",
        &digest.0,
        session.0,
        expires_at.to_sqlx(),
    )
    .execute(&mut *conn)
    .await?;
    query!(
        "UPDATE sessions SET expires_at = greatest(expires_at, $2), last_used_at = $3
         WHERE id = $1",
        session.0,
        expires_at.to_sqlx(),
        now.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns the session of a token and its account, without locking.
pub(crate) async fn find_by_token(
    conn: &mut PgConnection,
    digest: Digest,
) -> Result<Option<(SessionId, UserId)>, Error> {
    let row = query!(
        "SELECT s.id, s.user_id FROM sessions s JOIN refresh_tokens t ON t.session_id = s.id
         WHERE t.digest = $1",
        &digest.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.id.into(), row.user_id.into())))
}

/// Locks a session, and returns when it began; `None` if it no longer exists.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    session: SessionId,
) -> Result<Option<Timestamp>, Error> {
    let row = query!("SELECT created_at FROM sessions WHERE id = $1 FOR NO KEY UPDATE", session.0)
        .fetch_optional(conn)
        .await?;
    Ok(row.map(|row| row.created_at.to_jiff()))
}

/// Returns the sessions of an account, newest first. Their number is limited when they are
/// inserted.
pub(crate) async fn list(conn: &mut PgConnection, user: UserId) -> Result<Vec<Session>, Error> {
    let rows = query!(
        "SELECT id, created_at, last_used_at, expires_at FROM sessions WHERE user_id = $1
         ORDER BY created_at DESC, id DESC",
        user.0,
    )
    .fetch_all(conn)
    .await?;
    let session = rows.into_iter().map(|row| Session {
        id: row.id.into(),
        created_at: row.created_at.to_jiff(),
        last_used_at: row.last_used_at.unwrap_or(row.created_at).to_jiff(),
        expires_at: row.expires_at.to_jiff(),
    });
    Ok(session.collect())
}

/// Reads a token, whose session must be locked.
pub(crate) async fn find_token(
    conn: &mut PgConnection,
    digest: Digest,
) -> Result<Option<StoredRefreshToken>, Error> {
    let row = query!("SELECT expires_at, used_at FROM refresh_tokens WHERE digest = $1", &digest.0)
        .fetch_optional(conn)
        .await?;
    Ok(row.map(|row| StoredRefreshToken {
        expires_at: row.expires_at.to_jiff(),
        used_at: row.used_at.map(jiff_sqlx::Timestamp::to_jiff),
    }))
}

/// Reads the sealed successor of a token, whose session must be locked.
pub(crate) async fn successor(
    conn: &mut PgConnection,
    digest: Digest,
) -> Result<Option<SealedToken>, Error> {
    let successor =
        query_scalar!("SELECT successor FROM refresh_tokens WHERE digest = $1", &digest.0)
            .fetch_optional(conn)
            .await?;
    Ok(successor.flatten().map(SealedToken::from_stored))
}

/// Marks a token as used at `now`, unless it was used before, and stores its sealed successor.
pub(crate) async fn mark_used(
    conn: &mut PgConnection,
    digest: Digest,
    now: Timestamp,
    successor: Option<&SealedToken>,
) -> Result<(), Error> {
    query!(
        "UPDATE refresh_tokens SET used_at = coalesce(used_at, $2), successor = $3
         WHERE digest = $1",
        &digest.0,
        now.to_sqlx(),
        successor.map(SealedToken::as_bytes),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a session if it belongs to the account, and returns whether it does.
pub(crate) async fn end(
    conn: &mut PgConnection,
    session: SessionId,
    user: UserId,
) -> Result<bool, Error> {
    let done = query!("DELETE FROM sessions WHERE id = $1 AND user_id = $2", session.0, user.0)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Ends all sessions of an account, optionally except one.
pub(crate) async fn end_all(
    conn: &mut PgConnection,
    user: UserId,
    except: Option<SessionId>,
) -> Result<(), Error> {
    query!(
        "DELETE FROM sessions WHERE user_id = $1 AND id IS DISTINCT FROM $2",
        user.0,
        except.map(|session| session.0),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes up to `limit` sessions whose last token expired at `expired_before` or earlier, and
/// returns their number. They are not reported as ended sessions (migration 0012), so their access
/// tokens must have expired, too.
pub(crate) async fn sweep(
    conn: &mut PgConnection,
    expired_before: Timestamp,
    limit: i64,
) -> Result<u64, Error> {
    let mut tx = conn.begin().await?;
    query!("SELECT set_config('storefront.sweep', 'expired_sessions', true)")
        .fetch_one(&mut *tx)
        .await?;
    let done = query!(
        "DELETE FROM sessions WHERE id = ANY(ARRAY(
             SELECT id FROM sessions WHERE expires_at <= $1
             ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        expired_before.to_sqlx(),
        limit,
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(done.rows_affected())
}

/// Deletes up to `limit` expired tokens of sessions that are still valid, and returns their number.
pub(crate) async fn sweep_tokens(
    conn: &mut PgConnection,
    now: Timestamp,
    limit: i64,
) -> Result<u64, Error> {
    let done = query!(
        "DELETE FROM refresh_tokens WHERE digest = ANY(ARRAY(
             SELECT digest FROM refresh_tokens WHERE expires_at <= $1
             ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        now.to_sqlx(),
        limit,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes up to `limit` sealed successors of tokens that were used before `used_before`, and
/// returns their number.
pub(crate) async fn sweep_successors(
    conn: &mut PgConnection,
    used_before: Timestamp,
    limit: i64,
) -> Result<u64, Error> {
    let done = query!(
        "UPDATE refresh_tokens SET successor = NULL WHERE digest = ANY(ARRAY(
             SELECT digest FROM refresh_tokens
             WHERE successor IS NOT NULL AND used_at <= $1
             ORDER BY used_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        used_before.to_sqlx(),
        limit,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
