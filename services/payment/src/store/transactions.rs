//! Movements of money.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use money::{Currency, Money};
use sqlx::{PgConnection, query, query_as, query_scalar};
use uuid::Uuid;

use super::keys::operation;
use crate::{
    domain::{
        ids::{Key, OrderId, Token, TransactionId},
        transaction::{Kind, State, Transaction},
    },
    error::Error,
};

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
        let odd = Error::Stored;
        let currency: Currency = row.currency.parse().map_err(|_| odd("transactions.currency"))?;
        let money = |cents| Money::new(cents, currency);
        Ok(Self {
            id: row.id.into(),
            kind: Kind::from_stored(&row.kind).ok_or(odd("transactions.kind"))?,
            state: State::from_stored(&row.state).ok_or(odd("transactions.state"))?,
            parent: row.parent_id.map(TransactionId::from),
            order: row.order_id.into(),
            user: row.user_id.into(),
            method: row.payment_method_id,
            token: Token::new(row.token),
            provider_ref: row.provider_ref,
            key: Key::new(&row.idempotency_key).ok_or(odd("transactions.idempotency_key"))?,
            amount: money(row.amount_cents),
            claimed: money(row.claimed_cents),
            settled: money(row.settled_cents),
            undone: row.undone,
            expires_at: row.expires_at.map(|at| at.to_jiff()),
            decline_code: row.decline_code,
            reason: row.reason,
            created_at: row.created_at.to_jiff(),
        })
    }
}

/// Writes an intent down, and that its key, which the same transaction took, came to it. The workers ask
/// about it from `due_at`.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    intent: &Transaction,
    provider: &str,
    due_at: Timestamp,
) -> Result<(), Error> {
    query!(
        "WITH intent AS (
             INSERT INTO transactions (id, kind, state, parent_id, order_id, user_id,
                 payment_method_id, token, provider, idempotency_key, amount_cents, currency,
                 expires_at, reason, due_at, created_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         )
         UPDATE idempotency_keys SET transaction_id = $1 WHERE operation = $17 AND key = $10",
        intent.id.0,
        intent.kind.as_str(),
        intent.state.as_str(),
        intent.parent.map(|parent| parent.0),
        intent.order.0,
        intent.user.0,
        intent.method,
        intent.token.expose(),
        provider,
        intent.key.as_str(),
        intent.amount.cents(),
        intent.amount.currency().code(),
        intent.expires_at.map(ToSqlx::to_sqlx) as Option<jiff_sqlx::Timestamp>,
        intent.reason,
        due_at.to_sqlx(),
        intent.created_at.to_sqlx(),
        operation(intent.kind),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes down the outcome of an intent, and tells what is true then; `None` when it has one already.
pub(crate) async fn finish(
    conn: &mut PgConnection,
    id: TransactionId,
    state: State,
    (provider_ref, decline_code): (&str, &str),
    now: Timestamp,
) -> Result<Option<Transaction>, Error> {
    let row = query_as!(
        Row,
        "UPDATE transactions SET state = $2, provider_ref = $3, decline_code = $4, finished_at = $5
         WHERE id = $1 AND state = 'open'
         RETURNING id, kind, state, parent_id, order_id, user_id, payment_method_id, token,
             provider_ref, idempotency_key, amount_cents, currency, claimed_cents, settled_cents,
             undone, expires_at, decline_code, reason, created_at",
        id.0,
        state.as_str(),
        provider_ref,
        decline_code,
        now.to_sqlx(),
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
        "SELECT id, kind, state, parent_id, order_id, user_id, payment_method_id, token, provider_ref,
             idempotency_key, amount_cents, currency, claimed_cents, settled_cents, undone, expires_at,
             decline_code, reason, created_at
         FROM transactions WHERE id = $1",
        id.0,
    )
    .fetch_optional(conn)
    .await?;
    row.map(Transaction::try_from).transpose()
}

/// As [`find`], and keeps others from changing it until the transaction ends. It gives what was committed
/// before the lock was given: PostgreSQL reads a row anew that it had to wait for.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    id: TransactionId,
) -> Result<Option<Transaction>, Error> {
    let row = query_as!(
        Row,
        "SELECT id, kind, state, parent_id, order_id, user_id, payment_method_id, token, provider_ref,
             idempotency_key, amount_cents, currency, claimed_cents, settled_cents, undone, expires_at,
             decline_code, reason, created_at
         FROM transactions WHERE id = $1 FOR UPDATE",
        id.0,
    )
    .fetch_optional(conn)
    .await?;
    row.map(Transaction::try_from).transpose()
}

/// The most transactions of an order that are told: it has a handful.
const MAX_PER_ORDER: i64 = 1000;

/// The transactions of an order, oldest first.
pub(crate) async fn of_order(
    conn: &mut PgConnection,
    order: OrderId,
) -> Result<Vec<Transaction>, Error> {
    let rows = query_as!(
        Row,
        "SELECT id, kind, state, parent_id, order_id, user_id, payment_method_id, token, provider_ref,
             idempotency_key, amount_cents, currency, claimed_cents, settled_cents, undone, expires_at,
             decline_code, reason, created_at
         FROM transactions WHERE order_id = $1 ORDER BY created_at, id LIMIT $2",
        order.0,
        MAX_PER_ORDER,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Transaction::try_from).collect()
}

/// The void of an authorisation, if one was asked for.
pub(crate) async fn void_of(
    conn: &mut PgConnection,
    authorization: TransactionId,
) -> Result<Option<TransactionId>, Error> {
    let id = query_scalar!(
        "SELECT id FROM transactions WHERE parent_id = $1 AND kind = 'void'",
        authorization.0,
    );
    Ok(id.fetch_optional(conn).await?.map(TransactionId::from))
}

/// Claims a part of a locked parent for an intent.
pub(crate) async fn claim(
    conn: &mut PgConnection,
    parent: TransactionId,
    amount: Money,
) -> Result<(), Error> {
    query!(
        "UPDATE transactions SET claimed_cents = claimed_cents + $2 WHERE id = $1",
        parent.0,
        amount.cents(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes a claim one for good.
pub(crate) async fn settle_claim(
    conn: &mut PgConnection,
    parent: TransactionId,
    amount: Money,
) -> Result<(), Error> {
    query!(
        "UPDATE transactions SET settled_cents = settled_cents + $2 WHERE id = $1",
        parent.0,
        amount.cents(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives a claim back.
pub(crate) async fn release_claim(
    conn: &mut PgConnection,
    parent: TransactionId,
    amount: Money,
) -> Result<(), Error> {
    query!(
        "UPDATE transactions SET claimed_cents = claimed_cents - $2 WHERE id = $1",
        parent.0,
        amount.cents(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Lets nothing be captured of a locked authorisation any more.
pub(crate) async fn mark_undone(
    conn: &mut PgConnection,
    authorization: TransactionId,
) -> Result<(), Error> {
    query!("UPDATE transactions SET undone = true WHERE id = $1", authorization.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Writes down that what was held was let go. One that failed, or ended before, stays as it is.
pub(crate) async fn mark_voided(
    conn: &mut PgConnection,
    authorization: TransactionId,
) -> Result<(), Error> {
    query!(
        "UPDATE transactions SET state = 'voided' WHERE id = $1 AND state = 'done'",
        authorization.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}
