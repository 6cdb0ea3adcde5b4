//! Idempotency keys of requests for transactions. A key belongs to a customer.
//!
//! A void that names no customer, as those of the previous release, leaves a tombstone of every
//! customer (the nil UUID). A trigger of the database chooses the customer of such a row, and locks
//! the table, so that the tombstone and an authorization with its key cannot both be inserted.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query};

use crate::domain::ids::{IdempotencyKey, TransactionId, UserId};
use crate::domain::transaction::{Kind, Refusal};
use crate::error::Error;

/// Idempotency key of a customer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CustomerKey<'a> {
    /// Customer of the request; `None` if a void names none.
    pub(crate) customer: Option<UserId>,
    pub(crate) key: &'a IdempotencyKey,
}

impl<'a> CustomerKey<'a> {
    pub(crate) fn new(customer: UserId, key: &'a IdempotencyKey) -> Self {
        Self { customer: Some(customer), key }
    }
}

/// Stored result of an idempotency key.
pub(crate) struct KeyRecord {
    /// Fingerprint of the request; `None` is a tombstone.
    pub(crate) fingerprint: Option<String>,
    /// Transaction of the request.
    pub(crate) transaction: Option<TransactionId>,
    /// Refusal of the request. Without a transaction and a refusal, there was nothing to do.
    pub(crate) refusal: Option<Refusal>,
}

/// Inserts a key with its result; returns `false` if the customer has already used the key, or if
/// it has a tombstone of every customer. Waits for a concurrent transaction that inserts the same
/// key. Without a request, the key is a tombstone. The
/// key of a new intent is inserted with the intent, by
/// [`insert_intent`](super::transactions::insert_intent).
pub(crate) async fn claim(
    conn: &mut PgConnection,
    kind: Kind,
    CustomerKey { customer, key }: CustomerKey<'_>,
    fingerprint: Option<&str>,
    outcome: Result<Option<TransactionId>, Refusal>,
    now: Timestamp,
) -> Result<bool, Error> {
    let inserted = query!(
        "INSERT INTO idempotency_keys
             (operation, key, request, transaction_id, refusal, created_at, user_id)
         SELECT $1, $2, $3, $4, $5, $6, $7
         WHERE NOT EXISTS (SELECT FROM idempotency_keys WHERE operation = $1 AND key = $2
             AND user_id = '00000000-0000-0000-0000-000000000000')
         ON CONFLICT DO NOTHING",
        operation(kind),
        key.as_str(),
        fingerprint,
        outcome.ok().flatten().map(|id| id.0),
        outcome.err().map(Refusal::as_str),
        now.to_sqlx(),
        customer.map(|customer| customer.0),
    );
    Ok(inserted.execute(conn).await?.rows_affected() == 1)
}

/// Returns the stored result of a customer's key.
///
/// # Errors
/// Fails when several customers have used the key and the request names none of them.
pub(crate) async fn find(
    conn: &mut PgConnection,
    kind: Kind,
    CustomerKey { customer, key }: CustomerKey<'_>,
) -> Result<Option<KeyRecord>, Error> {
    // The customer's own row precedes that of every customer.
    let mut rows = query!(
        "SELECT request, transaction_id, refusal FROM idempotency_keys
         WHERE operation = $1 AND key = $2
             AND ($3::uuid IS NULL OR user_id IN ($3, '00000000-0000-0000-0000-000000000000'))
         ORDER BY user_id DESC LIMIT 2",
        operation(kind),
        key.as_str(),
        customer.map(|customer| customer.0),
    )
    .fetch_all(conn)
    .await?
    .into_iter();
    let Some(row) = rows.next() else { return Ok(None) };
    if customer.is_none() && rows.next().is_some() {
        return Err(Error::CustomerRequired);
    }
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
