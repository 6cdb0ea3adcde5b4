//! The keys by which callers ask for movements.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query};

use crate::{
    domain::{
        ids::{Key, TransactionId},
        transaction::{Kind, Refusal},
    },
    error::Error,
};

/// What is known of a key.
pub(crate) struct Known {
    /// What was asked for; `None` is a tombstone.
    pub(crate) request: Option<String>,
    /// What came of it: a transaction, …
    pub(crate) transaction: Option<TransactionId>,
    /// … a refusal, or neither: there was nothing to do.
    pub(crate) refusal: Option<Refusal>,
}

/// Takes a key with what came of it, unless it is known: then `false`, when whoever is just taking the same
/// one has ended. Without a request, it is a tombstone. A key that came to a new intent is taken with that,
/// by [`begin`](super::transactions::begin).
pub(crate) async fn claim(
    conn: &mut PgConnection,
    kind: Kind,
    key: &Key,
    request: Option<&str>,
    came: Result<Option<TransactionId>, Refusal>,
    now: Timestamp,
) -> Result<bool, Error> {
    let written = query!(
        "INSERT INTO idempotency_keys (operation, key, request, transaction_id, refusal, created_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        operation(kind),
        key.as_str(),
        request,
        came.ok().flatten().map(|id| id.0),
        came.err().map(Refusal::as_str),
        now.to_sqlx(),
    );
    Ok(written.execute(conn).await?.rows_affected() == 1)
}

/// What is known of a key.
pub(crate) async fn find(
    conn: &mut PgConnection,
    kind: Kind,
    key: &Key,
) -> Result<Option<Known>, Error> {
    let row = query!(
        "SELECT request, transaction_id, refusal FROM idempotency_keys
         WHERE operation = $1 AND key = $2",
        operation(kind),
        key.as_str(),
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let refusal = match row.refusal {
        Some(word) => {
            Some(Refusal::from_stored(&word).ok_or(Error::Stored("idempotency_keys.refusal"))?)
        }
        None => None,
    };
    let transaction = row.transaction_id.map(TransactionId::from);
    Ok(Some(Known { request: row.request, transaction, refusal }))
}

pub(super) fn operation(kind: Kind) -> &'static str {
    match kind {
        Kind::Authorization => "authorize",
        Kind::Charge => "charge",
        Kind::Capture => "capture",
        Kind::Refund => "refund",
        Kind::Void => "void",
    }
}
