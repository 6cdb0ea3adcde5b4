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
        transaction::{Consequence, Kind, State, Transaction},
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

/// Writes an intent down together with its key, unless the key is known: then `false`, when whoever is just
/// taking the same one has ended. Of a parent, which has to be locked, it claims its amount; a void lets
/// nothing be captured of it any more. The workers ask about the intent from `due_at`.
pub(crate) async fn begin(
    conn: &mut PgConnection,
    intent: &Transaction,
    request: &str,
    provider: &str,
    due_at: Timestamp,
) -> Result<bool, Error> {
    // What the key refers to is looked for when the statement ends.
    let written = query!(
        "WITH key AS (
             INSERT INTO idempotency_keys (operation, key, request, transaction_id, created_at)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING key
         ), parent AS (
             UPDATE transactions SET undone = undone OR $6 = 'void',
                 claimed_cents = claimed_cents + CASE $6 WHEN 'void' THEN 0 ELSE $14::bigint END
             FROM key WHERE id = $8
         )
         INSERT INTO transactions (id, kind, state, parent_id, order_id, user_id, payment_method_id, token,
             provider, idempotency_key, amount_cents, currency, expires_at, reason, due_at, created_at)
         SELECT $4, $6, $7, $8, $9, $10, $11, $12, $13, key, $14, $15, $16, $17, $18, $5 FROM key",
        operation(intent.kind),
        intent.key.as_str(),
        request,
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
    Ok(written.rows_affected() == 1)
}

/// Writes down the outcome of an intent and what follows from it for the parent, and tells what is true
/// then; `None` when it has one already, and then nothing follows.
pub(crate) async fn finish(
    conn: &mut PgConnection,
    id: TransactionId,
    state: State,
    (provider_ref, decline_code): (&str, &str),
    (follows, now): (Consequence, Timestamp),
) -> Result<Option<Transaction>, Error> {
    let (settled, released) = match follows {
        Consequence::Settles(amount) => (amount.cents(), 0),
        Consequence::Releases(amount) => (0, amount.cents()),
        Consequence::Voids | Consequence::Nothing => (0, 0),
    };
    // An authorisation that failed, or ended before it was voided, stays what it is.
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
             FROM finished WHERE t.id = finished.parent_id AND ($6::bigint > 0 OR $7::bigint > 0 OR $8)
         )
         SELECT id AS "id!", kind AS "kind!", state AS "state!", parent_id, order_id AS "order_id!",
             user_id AS "user_id!", payment_method_id AS "payment_method_id!", token AS "token!",
             provider_ref AS "provider_ref!", idempotency_key AS "idempotency_key!",
             amount_cents AS "amount_cents!", currency AS "currency!", claimed_cents AS "claimed_cents!",
             settled_cents AS "settled_cents!", undone AS "undone!", expires_at,
             decline_code AS "decline_code!", reason AS "reason!", created_at AS "created_at!"
         FROM finished"#,
        id.0,
        state.as_str(),
        provider_ref,
        decline_code,
        now.to_sqlx(),
        settled,
        released,
        follows == Consequence::Voids,
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
