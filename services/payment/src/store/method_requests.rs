//! Requests to save a card that came with a key.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query};
use uuid::Uuid;

use crate::{
    domain::ids::{Key, MethodId, UserId},
    error::Error,
};

/// What is known of a request.
pub(crate) struct Known {
    pub(crate) fingerprint: Vec<u8>,
    /// The key by which the provider knows it.
    pub(crate) id: Uuid,
    /// What came of it.
    pub(crate) method: Option<MethodId>,
    /// Until when somebody works on it.
    pub(crate) busy_until: Timestamp,
}

/// Writes a request down, unless its key is known: then `false`.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    (user, key): (UserId, &Key),
    request: &Known,
    now: Timestamp,
) -> Result<bool, Error> {
    let written = query!(
        "INSERT INTO method_requests (user_id, key, fingerprint, id, busy_until, created_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        user.0,
        key.as_str(),
        &request.fingerprint,
        request.id,
        request.busy_until.to_sqlx(),
        now.to_sqlx(),
    );
    Ok(written.execute(conn).await?.rows_affected() == 1)
}

/// What is known of a key, locked.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    (user, key): (UserId, &Key),
) -> Result<Option<Known>, Error> {
    let row = query!(
        "SELECT fingerprint, id, method_id, busy_until FROM method_requests
         WHERE user_id = $1 AND key = $2 FOR UPDATE",
        user.0,
        key.as_str(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Known {
        fingerprint: row.fingerprint,
        id: row.id,
        method: row.method_id.map(MethodId::from),
        busy_until: row.busy_until.to_jiff(),
    }))
}

/// Takes a request over that nobody works on any more.
pub(crate) async fn take_over(
    conn: &mut PgConnection,
    id: Uuid,
    busy_until: Timestamp,
) -> Result<(), Error> {
    query!("UPDATE method_requests SET busy_until = $2 WHERE id = $1", id, busy_until.to_sqlx())
        .execute(conn)
        .await?;
    Ok(())
}

/// Writes down what came of a request, unless somebody else did: then `false`.
pub(crate) async fn finish(
    conn: &mut PgConnection,
    id: Uuid,
    method: MethodId,
) -> Result<bool, Error> {
    let finished = query!(
        "UPDATE method_requests SET method_id = $2 WHERE id = $1 AND method_id IS NULL",
        id,
        method.0,
    );
    Ok(finished.execute(conn).await?.rows_affected() == 1)
}

/// Lets a repeat try at once what this process gave up.
pub(crate) async fn release(
    conn: &mut PgConnection,
    id: Uuid,
    busy_until: Timestamp,
) -> Result<(), Error> {
    query!(
        "UPDATE method_requests SET busy_until = created_at
         WHERE id = $1 AND method_id IS NULL AND busy_until = $2",
        id,
        busy_until.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets requests from before a time, some at once.
pub(crate) async fn forget(conn: &mut PgConnection, before: Timestamp) -> Result<(), Error> {
    query!(
        "DELETE FROM method_requests WHERE id = ANY(ARRAY(
             SELECT id FROM method_requests WHERE created_at < $1
             ORDER BY created_at LIMIT 500 FOR UPDATE SKIP LOCKED))",
        before.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
