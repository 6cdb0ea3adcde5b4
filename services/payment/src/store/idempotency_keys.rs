//! Idempotency keys of requests for transactions.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query};

use crate::domain::ids::{IdempotencyKey, TransactionId};
use crate::domain::transaction::{Kind, Refusal};
use crate::error::Error;

/// Stored result of an idempotency key.
pub(crate) struct KeyRecord {
    /// Fingerprint of the request; `None` is a tombstone.
    pub(crate) fingerprint: Option<String>,
    /// Transaction of the request.
    pub(crate) transaction: Option<TransactionId>,
    /// Refusal of the request. Without a transaction and a refusal, there was nothing to do.
    pub(crate) refusal: Option<Refusal>,
}

/// Inserts a key with its result; returns `false` if the key is already in use. Waits for a
/// concurrent transaction that inserts the same key. Without a request, the key is a tombstone. The
/// key of a new intent is inserted with the intent, by
/// [`insert_intent`](super::transactions::insert_intent).
pub(crate) async fn claim(
    conn: &mut PgConnection,
    kind: Kind,
    key: &IdempotencyKey,
    fingerprint: Option<&str>,
    outcome: Result<Option<TransactionId>, Refusal>,
    now: Timestamp,
) -> Result<bool, Error> {
    let inserted = query!(
        "INSERT INTO idempotency_keys (operation, key, request, transaction_id, refusal, created_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
        operation(kind),
        key.as_str(),
        fingerprint,
        outcome.ok().flatten().map(|id| id.0),
        outcome.err().map(Refusal::as_str),
        now.to_sqlx(),
    );
    Ok(inserted.execute(conn).await?.rows_affected() == 1)
}

/// Returns the stored result of a key.
pub(crate) async fn find(
    conn: &mut PgConnection,
    kind: Kind,
    key: &IdempotencyKey,
) -> Result<Option<KeyRecord>, Error> {
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
        Some(stored) => Some(
            Refusal::from_stored(&stored)
                .ok_or(Error::UnknownStoredValue("idempotency_keys.refusal"))?,
        ),
        None => None,
    };
    let transaction = row.transaction_id.map(TransactionId::from);
    Ok(Some(KeyRecord { fingerprint: row.request, transaction, refusal }))
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
