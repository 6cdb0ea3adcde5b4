//! Sessions that have ended, and whether a session is active.

use std::time::Duration;

use sqlx::{PgConnection, query, query_scalar};
use uuid::Uuid;

use crate::domain::account::Role;
use crate::domain::ids::{SessionId, UserId};
use crate::error::Error;

/// A position in the list of ended sessions, which is ordered by transaction and session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    transaction: i64,
    session: Uuid,
}

impl Position {
    /// Position before all sessions that `transaction` and later ones ended.
    pub(crate) const fn before_transaction(transaction: i64) -> Self {
        Self { transaction, session: Uuid::nil() }
    }
}

/// Returns the oldest transaction that is still running, or the next one. A session whose end is
/// not yet visible has this transaction or a later one.
pub(crate) async fn oldest_transaction(conn: &mut PgConnection) -> Result<i64, Error> {
    let oldest = query_scalar!(
        r#"SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS "oldest!""#
    )
    .fetch_one(conn)
    .await?;
    Ok(oldest)
}

/// Returns up to `limit` ended sessions after a position, with their positions.
pub(crate) async fn list_after(
    conn: &mut PgConnection,
    after: Position,
    limit: i64,
) -> Result<Vec<(SessionId, Position)>, Error> {
    let rows = query!(
        "SELECT session_id, xid FROM ended_sessions WHERE (xid, session_id) > ($1, $2)
         ORDER BY xid, session_id LIMIT $3",
        after.transaction,
        after.session,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let position = |transaction, session| Position { transaction, session };
    let rows = rows.into_iter();
    Ok(rows.map(|row| (row.session_id.into(), position(row.xid, row.session_id))).collect())
}

/// Returns the present role of the account of a session; `None` if the session has ended, belongs
/// to another account, or the account is disabled.
pub(crate) async fn active_role(
    conn: &mut PgConnection,
    session: SessionId,
    user: UserId,
) -> Result<Option<Role>, Error> {
    let role = query_scalar!(
        "SELECT u.role FROM sessions s JOIN users u ON u.id = s.user_id
         WHERE s.id = $1 AND s.user_id = $2 AND NOT u.disabled",
        session.0,
        user.0,
    )
    .fetch_optional(conn)
    .await?;
    role.map(|role| Role::parse(&role).ok_or(Error::UnknownValue("users.role"))).transpose()
}

/// Deletes up to `limit` sessions that ended at least `keep` ago, and returns their number.
pub(crate) async fn sweep(
    conn: &mut PgConnection,
    keep: Duration,
    limit: i64,
) -> Result<u64, Error> {
    let done = query!(
        "DELETE FROM ended_sessions WHERE session_id = ANY(ARRAY(
             SELECT session_id FROM ended_sessions
             WHERE ended_at <= now() - make_interval(secs => $1)
             ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
        keep.as_secs_f64(),
        limit,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
