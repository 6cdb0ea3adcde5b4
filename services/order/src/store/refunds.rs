//! Flows that give money back.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use money::{Currency, Money};
use sqlx::{PgConnection, query, query_as, query_scalar};
use uuid::Uuid;

use super::{Lease, orders::Asked, tries};
use crate::{
    domain::{
        event::By,
        ids::{OrderId, RefundId},
        refund::{Kind, Refund, Step, Transition},
    },
    error::Error,
};

/// Writes a new flow, due at once. The order is locked and has none that is open.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    refund: &Refund,
    asked: &Asked,
    now: Timestamp,
) -> Result<(), Error> {
    query!(
        "INSERT INTO refunds (id, order_id, kind, amount_cents, reason, actor_id, idempotency_key,
             fingerprint, step, due_at, began_at, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $10)",
        refund.id.0,
        refund.order.0,
        refund.kind.as_str(),
        refund.amount.cents(),
        refund.by.reason,
        refund.by.actor,
        asked.key,
        asked.fingerprint,
        refund.step.as_str(),
        now.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Claims a flow that is due and that nobody has, and tells the version of the claim.
pub(crate) async fn claim(
    conn: &mut PgConnection,
    of: Option<OrderId>,
    lease: Lease,
) -> Result<Option<(Refund, i64)>, Error> {
    let row = query_as!(
        Row,
        r#"UPDATE refunds r
         SET lease_until = $2, version = version + 1, attempts = attempts + 1
         FROM orders o
         WHERE o.id = r.order_id AND r.id = (
             SELECT id FROM refunds
             WHERE step NOT IN ('done', 'refused') AND due_at <= $1
                 AND (lease_until IS NULL OR lease_until <= $1)
                 AND ($3::uuid IS NULL OR order_id = $3)
             ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING r.id, r.order_id, r.kind, r.amount_cents, r.reason, r.actor_id, r.step, r.attempts,
             r.version, o.currency"#,
        lease.now.to_sqlx(),
        lease.until().to_sqlx(),
        of.map(|order| order.0),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Row::read).transpose()
}

/// The flow as it is now, locked, if the claim of `version` still holds.
pub(crate) async fn lock_claimed(
    conn: &mut PgConnection,
    id: RefundId,
    version: i64,
) -> Result<Option<Refund>, Error> {
    let row = query_as!(
        Row,
        "SELECT r.id, r.order_id, r.kind, r.amount_cents, r.reason, r.actor_id, r.step, r.attempts,
             r.version, o.currency
         FROM refunds r JOIN orders o ON o.id = r.order_id
         WHERE r.id = $1 AND r.version = $2 FOR UPDATE OF r",
        id.0,
        version,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Row::read).transpose()?.map(|(refund, _)| refund))
}

/// The flow of an order that has not ended, else the latest.
pub(crate) async fn latest(
    conn: &mut PgConnection,
    order: OrderId,
) -> Result<Option<Refund>, Error> {
    let row = query_as!(
        Row,
        "SELECT r.id, r.order_id, r.kind, r.amount_cents, r.reason, r.actor_id, r.step, r.attempts,
             r.version, o.currency
         FROM refunds r JOIN orders o ON o.id = r.order_id
         WHERE r.order_id = $1
         ORDER BY r.step NOT IN ('done', 'refused') DESC, r.created_at DESC, r.id DESC LIMIT 1",
        order.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Row::read).transpose()?.map(|(refund, _)| refund))
}

/// The refund that was asked for with a key, and what was asked for then.
pub(crate) async fn of_key(
    conn: &mut PgConnection,
    order: OrderId,
    key: &str,
) -> Result<Option<(RefundId, Vec<u8>)>, Error> {
    let row = query!(
        "SELECT id, fingerprint FROM refunds WHERE order_id = $1 AND idempotency_key = $2",
        order.0,
        key,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.id.into(), row.fingerprint)))
}

/// Where a flow is.
pub(crate) async fn step(conn: &mut PgConnection, id: RefundId) -> Result<Option<Step>, Error> {
    let step =
        query_scalar!("SELECT step FROM refunds WHERE id = $1", id.0).fetch_optional(conn).await?;
    step.map(|step| Step::from_stored(&step).ok_or(Error::Stored("refunds.step"))).transpose()
}

/// Moves a locked flow on and ends the claim.
pub(crate) async fn settle(
    conn: &mut PgConnection,
    before: &Refund,
    after: &Transition,
    now: Timestamp,
    error: &str,
) -> Result<(), Error> {
    let moved = before.step != after.step;
    query!(
        "UPDATE refunds
         SET step = $2, due_at = $3, lease_until = NULL, version = version + 1,
             attempts = CASE WHEN $4 THEN 0 ELSE attempts END,
             began_at = CASE WHEN $4 THEN $5 ELSE began_at END,
             last_error = $6
         WHERE id = $1",
        before.id.0,
        after.step.as_str(),
        after.due_at.to_sqlx(),
        moved,
        now.to_sqlx(),
        error,
    )
    .execute(conn)
    .await?;
    Ok(())
}

struct Row {
    id: Uuid,
    order_id: Uuid,
    kind: String,
    amount_cents: i64,
    reason: String,
    actor_id: String,
    step: String,
    attempts: i32,
    version: i64,
    currency: String,
}

impl Row {
    fn read(self) -> Result<(Refund, i64), Error> {
        let currency: Currency =
            self.currency.parse().map_err(|_| Error::Stored("orders.currency"))?;
        let refund = Refund {
            id: self.id.into(),
            order: self.order_id.into(),
            kind: Kind::from_stored(&self.kind).ok_or(Error::Stored("refunds.kind"))?,
            amount: Money::new(self.amount_cents, currency),
            by: By { actor: self.actor_id, reason: self.reason },
            step: Step::from_stored(&self.step).ok_or(Error::Stored("refunds.step"))?,
            attempts: tries(self.attempts),
        };
        Ok((refund, self.version))
    }
}
