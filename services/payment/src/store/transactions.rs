//! Payment transactions.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use money::{Currency, Money};
use sqlx::{PgConnection, query, query_as, query_scalar};
use uuid::Uuid;

use super::idempotency_keys::operation;
use crate::domain::ids::{IdempotencyKey, OrderId, Token, TransactionId};
use crate::domain::transaction::{Kind, ParentEffect, State, Transaction};
use crate::error::Error;

struct Row {
    id: Uuid,
    kind: String,
    state: String,
    parent_id: Option<Uuid>,
    order_id: Uuid,
    user_id: Uuid,
    payment_method_id: String,
    token: String,
    provider_ref: String,
    idempotency_key: String,
    amount_cents: i64,
    currency: String,
    claimed_cents: i64,
    settled_cents: i64,
    undone: bool,
    expires_at: Option<jiff_sqlx::Timestamp>,
    decline_code: String,
    reason: String,
    created_at: jiff_sqlx::Timestamp,
}

impl TryFrom<Row> for Transaction {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let invalid = Error::UnknownStoredValue;
        let currency: Currency =
            row.currency.parse().map_err(|_| invalid("transactions.currency"))?;
        let money = |cents| Money::new(cents, currency);
        Ok(Self {
            id: row.id.into(),
            kind: Kind::from_stored(&row.kind).ok_or(invalid("transactions.kind"))?,
            state: State::from_stored(&row.state).ok_or(invalid("transactions.state"))?,
            parent: row.parent_id.map(TransactionId::from),
            order: row.order_id.into(),
            user: row.user_id.into(),
            method: row.payment_method_id,
            token: Token::new(row.token),
            provider_ref: row.provider_ref,
            key: IdempotencyKey::new(&row.idempotency_key)
                .ok_or(invalid("transactions.idempotency_key"))?,
            amount: money(row.amount_cents),
            claimed: money(row.claimed_cents),
            settled: money(row.settled_cents),
            void_requested: row.undone,
            expires_at: row.expires_at.map(|at| at.to_jiff()),
            decline_code: row.decline_code,
            reason: row.reason,
            created_at: row.created_at.to_jiff(),
        })
    }
}

/// Inserts an intent and its idempotency key; returns `false` if the customer has already used the
/// key, or if it has a tombstone of every customer. Waits for a concurrent transaction that inserts
/// the same key. The intent claims its amount from its parent, which must be locked; a void marks
/// the parent, so that nothing of it can be captured. The workers settle the intent from `due_at`
/// on.
pub(crate) async fn insert_intent(
    conn: &mut PgConnection,
    intent: &Transaction,
    fingerprint: &str,
    provider: &str,
    due_at: Timestamp,
) -> Result<bool, Error> {
    // The foreign key of `idempotency_keys` is checked at the end of the statement.
    let inserted = query!(
        "WITH key AS (
             INSERT INTO idempotency_keys
                 (operation, key, request, transaction_id, created_at, user_id)
             SELECT $1, $2, $3, $4, $5, $10
             WHERE NOT EXISTS (SELECT FROM idempotency_keys WHERE operation = $1 AND key = $2
                 AND user_id = '00000000-0000-0000-0000-000000000000')
             ON CONFLICT DO NOTHING RETURNING key
         ), parent AS (
             UPDATE transactions SET undone = undone OR $6 = 'void',
                 claimed_cents = claimed_cents + CASE $6 WHEN 'void' THEN 0 ELSE $14::bigint END
             FROM key WHERE id = $8
         )
         INSERT INTO transactions (id, kind, state, parent_id, order_id, user_id,
             payment_method_id, token, provider, idempotency_key, amount_cents, currency,
             expires_at, reason, due_at, created_at)
         SELECT $4, $6, $7, $8, $9, $10, $11, $12, $13, key, $14, $15, $16, $17, $18, $5 FROM key",
        operation(intent.kind),
        intent.key.as_str(),
        fingerprint,
        intent.id.0,
        intent.created_at.to_sqlx(),
        intent.kind.as_str(),
        intent.state.as_str(),
        intent.parent.map(|parent| parent.0),
        intent.order.0,
        intent.user.0,
        intent.method,
        intent.token.expose(),
        provider,
        intent.amount.cents(),
        intent.amount.currency().code(),
        intent.expires_at.map(ToSqlx::to_sqlx) as Option<jiff_sqlx::Timestamp>,
        intent.reason,
        due_at.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Records the outcome of an intent and its effect on the parent; returns the updated transaction.
/// Returns `None`, without any effect, if the intent already has an outcome.
pub(crate) async fn record_outcome(
    conn: &mut PgConnection,
    id: TransactionId,
    state: State,
    (provider_ref, decline_code): (&str, &str),
    (parent_effect, now): (ParentEffect, Timestamp),
) -> Result<Option<Transaction>, Error> {
    let (settled, released) = match parent_effect {
        ParentEffect::Settle(amount) => (amount.cents(), 0),
        ParentEffect::Release(amount) => (0, amount.cents()),
        ParentEffect::Void | ParentEffect::None => (0, 0),
    };
    // An authorization that failed, or expired before it was voided, keeps its state.
    let row = query_as!(
        Row,
        r#"WITH finished AS (
             UPDATE transactions
             SET state = $2, provider_ref = $3, decline_code = $4, finished_at = $5
             WHERE id = $1 AND state = 'open' RETURNING *
         ), parent AS (
             UPDATE transactions t
             SET settled_cents = t.settled_cents + $6, claimed_cents = t.claimed_cents - $7,
                 state = CASE WHEN $8 AND t.state = 'done' THEN 'voided' ELSE t.state END
             FROM finished
             WHERE t.id = finished.parent_id AND ($6::bigint > 0 OR $7::bigint > 0 OR $8)
         )
         SELECT id AS "id!", kind AS "kind!", state AS "state!", parent_id, order_id AS "order_id!",
             user_id AS "user_id!", payment_method_id AS "payment_method_id!", token AS "token!",
             provider_ref AS "provider_ref!", idempotency_key AS "idempotency_key!",
             amount_cents AS "amount_cents!", currency AS "currency!",
             claimed_cents AS "claimed_cents!", settled_cents AS "settled_cents!",
             undone AS "undone!", expires_at,
             decline_code AS "decline_code!", reason AS "reason!", created_at AS "created_at!"
         FROM finished"#,
        id.0,
        state.as_str(),
        provider_ref,
        decline_code,
        now.to_sqlx(),
        settled,
        released,
        parent_effect == ParentEffect::Void,
    )
    .fetch_optional(conn)
    .await?;
    row.map(Transaction::try_from).transpose()
}

pub(crate) async fn find(
    conn: &mut PgConnection,
    id: TransactionId,
) -> Result<Option<Transaction>, Error> {
    let row = query_as!(
        Row,
        "SELECT id, kind, state, parent_id, order_id, user_id, payment_method_id, token,
             provider_ref, idempotency_key, amount_cents, currency, claimed_cents, settled_cents,
             undone, expires_at, decline_code, reason, created_at
         FROM transactions WHERE id = $1",
        id.0,
    )
    .fetch_optional(conn)
    .await?;
    row.map(Transaction::try_from).transpose()
}

/// Reads like [`find`], and locks the row until the transaction ends. The row is as of the time
/// when the lock was acquired: PostgreSQL re-reads a row that it had to wait for.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    id: TransactionId,
) -> Result<Option<Transaction>, Error> {
    let row = query_as!(
        Row,
        "SELECT id, kind, state, parent_id, order_id, user_id, payment_method_id, token,
             provider_ref, idempotency_key, amount_cents, currency, claimed_cents, settled_cents,
             undone, expires_at, decline_code, reason, created_at
         FROM transactions WHERE id = $1 FOR UPDATE",
        id.0,
    )
    .fetch_optional(conn)
    .await?;
    row.map(Transaction::try_from).transpose()
}

/// Maximum number of transactions that are returned for an order. A typical order has fewer than
/// ten.
const MAX_PER_ORDER: i64 = 1000;

/// Returns the transactions of an order, oldest first.
pub(crate) async fn list_by_order(
    conn: &mut PgConnection,
    order: OrderId,
) -> Result<Vec<Transaction>, Error> {
    let rows = query_as!(
        Row,
        "SELECT id, kind, state, parent_id, order_id, user_id, payment_method_id, token,
             provider_ref, idempotency_key, amount_cents, currency, claimed_cents, settled_cents,
             undone, expires_at, decline_code, reason, created_at
         FROM transactions WHERE order_id = $1 ORDER BY created_at, id LIMIT $2",
        order.0,
        MAX_PER_ORDER,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Transaction::try_from).collect()
}

/// Returns the void of an authorization, if one was requested.
pub(crate) async fn find_void(
    conn: &mut PgConnection,
    authorization: TransactionId,
) -> Result<Option<TransactionId>, Error> {
    let id = query_scalar!(
        "SELECT id FROM transactions WHERE parent_id = $1 AND kind = 'void'",
        authorization.0,
    );
    Ok(id.fetch_optional(conn).await?.map(TransactionId::from))
}
