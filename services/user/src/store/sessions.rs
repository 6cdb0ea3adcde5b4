//! Sessions and their refresh tokens.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query};

use crate::{
    domain::{
        ids::{SessionId, UserId},
        session::{Kept, MAX_SESSIONS},
        token::Digest,
    },
    error::Error,
};

/// Writes a new session without tokens, and ends the oldest ones of an account that has too many. The
/// account must be locked.
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

/// Adds a token to a session, which lives as long as the token.
pub(crate) async fn add_token(
    conn: &mut PgConnection,
    session: SessionId,
    digest: Digest,
    expires_at: Timestamp,
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
        "UPDATE sessions SET expires_at = greatest(expires_at, $2) WHERE id = $1",
        session.0,
        expires_at.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whose session a token belongs to. Nothing is locked.
pub(crate) async fn of_token(
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

/// Locks a session and tells whether it is still there.
pub(crate) async fn lock(conn: &mut PgConnection, session: SessionId) -> Result<bool, Error> {
    let row = query!("SELECT FROM sessions WHERE id = $1 FOR NO KEY UPDATE", session.0)
        .fetch_optional(conn)
        .await?;
    Ok(row.is_some())
}

/// A token of a session that is locked.
pub(crate) async fn token(conn: &mut PgConnection, digest: Digest) -> Result<Option<Kept>, Error> {
    let row = query!("SELECT expires_at, used_at FROM refresh_tokens WHERE digest = $1", &digest.0)
        .fetch_optional(conn)
        .await?;
    Ok(row.map(|row| Kept {
        expires_at: row.expires_at.to_jiff(),
        used_at: row.used_at.map(jiff_sqlx::Timestamp::to_jiff),
    }))
}

/// Marks a token as used.
pub(crate) async fn mark_used(
    conn: &mut PgConnection,
    digest: Digest,
    now: Timestamp,
) -> Result<(), Error> {
    query!("UPDATE refresh_tokens SET used_at = $2 WHERE digest = $1", &digest.0, now.to_sqlx(),)
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends one session of an account, if it has it.
pub(crate) async fn end(
    conn: &mut PgConnection,
    session: SessionId,
    user: UserId,
) -> Result<(), Error> {
    query!("DELETE FROM sessions WHERE id = $1 AND user_id = $2", session.0, user.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends all sessions of an account, except perhaps one.
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

/// Deletes up to `limit` sessions whose last token expired, and tells how many.
pub(crate) async fn sweep(
    conn: &mut PgConnection,
    now: Timestamp,
    limit: i64,
) -> Result<u64, Error> {
    let done = query!(
        "DELETE FROM sessions WHERE id = ANY(ARRAY(
             SELECT id FROM sessions WHERE expires_at <= $1
             ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        now.to_sqlx(),
        limit,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes up to `limit` tokens that expired, of sessions that live on, and tells how many.
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
