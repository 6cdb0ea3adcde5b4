//! Statements on refund sagas.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use money::{Currency, Money};
use sqlx::{PgConnection, query, query_as, query_scalar};
use uuid::Uuid;

use super::orders::RequestIdentity;
use super::{Fence, Lease, NextAttempt, attempts_from_stored, attempts_to_stored};
use crate::domain::backoff::MAX_OWED_REFUND_BACKOFF;
use crate::domain::event::Actor;
use crate::domain::ids::{OrderId, RefundId};
use crate::domain::refund::{Kind, Refund, Step};
use crate::error::Error;

/// Inserts a refund saga, due at once. The caller has locked the order and checked that it has no
/// open refund.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    refund: &Refund,
    identity: &RequestIdentity,
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
        refund.actor.reason,
        refund.actor.id,
        identity.key,
        identity.fingerprint,
        refund.step.as_str(),
        now.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Claims a refund saga that is due and not leased, and returns it with the version of the claim.
pub(crate) async fn claim(
    conn: &mut PgConnection,
    filter: Option<OrderId>,
    lease: Lease,
) -> Result<Option<(Refund, i64)>, Error> {
    let row = query_as!(
        RefundRow,
        r#"UPDATE refunds r
         SET lease_until = now() + make_interval(secs => $2), version = version + 1,
             attempts = attempts + 1
         FROM orders o
         WHERE o.id = r.order_id AND r.id = (
             SELECT id FROM refunds
             WHERE step NOT IN ('done', 'refused') AND (due_at <= $1 OR due_at > $4)
                 AND (lease_until IS NULL OR lease_until <= now())
                 AND ($3::uuid IS NULL OR order_id = $3)
             ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING r.id, r.order_id, r.kind, r.amount_cents, r.reason, r.actor_id, r.step,
             r.attempts, r.refusals, r.version, o.currency"#,
        lease.now.to_sqlx(),
        lease.secs(),
        filter.map(|order| order.0),
        lease.max_plausible_due_at(MAX_OWED_REFUND_BACKOFF).to_sqlx(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(RefundRow::into_domain).transpose()
}

/// Returns the open refund saga of an order, or else the latest one.
pub(crate) async fn latest(
    conn: &mut PgConnection,
    order: OrderId,
) -> Result<Option<Refund>, Error> {
    let row = query_as!(
        RefundRow,
        "SELECT r.id, r.order_id, r.kind, r.amount_cents, r.reason, r.actor_id, r.step, r.attempts,
             r.refusals, r.version, o.currency
         FROM refunds r JOIN orders o ON o.id = r.order_id
         WHERE r.order_id = $1
         ORDER BY r.step NOT IN ('done', 'refused') DESC, r.created_at DESC, r.id DESC LIMIT 1",
        order.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(RefundRow::into_domain).transpose()?.map(|(refund, _)| refund))
}

/// Returns the refund that was requested with an idempotency key, and the fingerprint of that
/// request.
pub(crate) async fn find_by_key(
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

/// Returns the current step of a refund saga.
pub(crate) async fn step(conn: &mut PgConnection, id: RefundId) -> Result<Option<Step>, Error> {
    let step =
        query_scalar!("SELECT step FROM refunds WHERE id = $1", id.0).fetch_optional(conn).await?;
    step.map(|step| Step::from_stored(&step).ok_or(Error::UnknownStoredValue("refunds.step")))
        .transpose()
}

/// Writes a refund saga after a transition, ends the claim or begins the next one, and returns the
/// new version; `None` if the claim no longer holds.
pub(crate) async fn record_outcome(
    conn: &mut PgConnection,
    state: &Refund,
    next_attempt: NextAttempt,
    fence: Fence<'_>,
    now: Timestamp,
) -> Result<Option<i64>, Error> {
    let version = query_scalar!(
        "UPDATE refunds
         SET step = $3, due_at = $4, lease_until = now() + make_interval(secs => $5),
             version = version + 1, attempts = $6,
             began_at = CASE WHEN step = $3 THEN began_at ELSE $7 END,
             last_error = $8, refusals = $9
         WHERE id = $1 AND version = $2
         RETURNING version",
        state.id.0,
        fence.version,
        state.step.as_str(),
        next_attempt.due_at.to_sqlx(),
        next_attempt.lease_secs(),
        attempts_to_stored(state.attempts),
        now.to_sqlx(),
        fence.error,
        attempts_to_stored(state.refusals),
    )
    .fetch_optional(conn)
    .await?;
    Ok(version)
}

struct RefundRow {
    id: Uuid,
    order_id: Uuid,
    kind: String,
    amount_cents: i64,
    reason: String,
    actor_id: String,
    step: String,
    attempts: i32,
    refusals: i32,
    version: i64,
    currency: String,
}

impl RefundRow {
    fn into_domain(self) -> Result<(Refund, i64), Error> {
        let currency: Currency =
            self.currency.parse().map_err(|_| Error::UnknownStoredValue("orders.currency"))?;
        let refund = Refund {
            id: self.id.into(),
            order: self.order_id.into(),
            kind: Kind::from_stored(&self.kind).ok_or(Error::UnknownStoredValue("refunds.kind"))?,
            amount: Money::new(self.amount_cents, currency),
            actor: Actor { id: self.actor_id, reason: self.reason },
            step: Step::from_stored(&self.step).ok_or(Error::UnknownStoredValue("refunds.step"))?,
            attempts: attempts_from_stored(self.attempts),
            refusals: attempts_from_stored(self.refusals),
        };
        Ok((refund, self.version))
    }
}
