//! Statements on checkouts.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::types::Json;
use sqlx::{PgConnection, query, query_as, query_scalar};
use uuid::Uuid;

use super::data::StoredData;
use super::{Fence, Lease, NextAttempt, attempts_from_stored, attempts_to_stored};
use crate::domain::backoff::MAX_SAGA_BACKOFF;
use crate::domain::checkout::{Checkout, Step};
use crate::domain::event::Actor;
use crate::domain::ids::{OrderId, UserId};
use crate::error::Error;

/// Inserts a checkout at its first step, claimed, and returns the version of the claim. Returns
/// `None` and inserts nothing if another order of the customer has left the cart since
/// `last_left_cart` was read.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    checkout: &Checkout,
    lease: Lease,
    (user, last_left_cart): (UserId, i64),
) -> Result<Option<i64>, Error> {
    let version = query_scalar!(
        "INSERT INTO checkouts (order_id, step, data, attempts, version, due_at, lease_until,
             began_at, deadline_at)
         SELECT $1, $2, $3, $4, 1, $5, now() + make_interval(secs => $6), $5, $7
         WHERE $9 = (SELECT coalesce(max(left_cart), 0) FROM orders WHERE user_id = $8)
         RETURNING version",
        checkout.order.0,
        checkout.step.as_str(),
        Json(StoredData::from_domain(&checkout.data)) as _,
        attempts_to_stored(checkout.attempts),
        checkout.began_at.to_sqlx(),
        lease.secs(),
        checkout.deadline_at.to_sqlx(),
        user.0,
        last_left_cart,
    )
    .fetch_optional(conn)
    .await?;
    Ok(version)
}

/// Claims a checkout that is due and not leased, and returns it with the version of the claim. Rows
/// that another executor is claiming are skipped.
pub(crate) async fn claim(
    conn: &mut PgConnection,
    filter: Option<OrderId>,
    lease: Lease,
) -> Result<Option<(Checkout, i64)>, Error> {
    let row = query_as!(
        CheckoutRow,
        r#"UPDATE checkouts
         SET lease_until = now() + make_interval(secs => $2), version = version + 1,
             attempts = attempts + 1
         WHERE order_id = (
             SELECT order_id FROM checkouts
             WHERE step NOT IN ('confirmed', 'cancelled') AND (due_at <= $1 OR due_at > $4)
                 AND (lease_until IS NULL OR lease_until <= now())
                 AND ($3::uuid IS NULL OR order_id = $3)
             ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING order_id, step, data AS "data: Json<StoredData>", attempts, version, began_at,
             deadline_at, last_error, cancel_wanted, cancel_reason, cancel_actor"#,
        lease.now.to_sqlx(),
        lease.secs(),
        filter.map(|order| order.0),
        lease.max_plausible_due_at(MAX_SAGA_BACKOFF).to_sqlx(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(CheckoutRow::into_domain).transpose()
}

/// Returns the checkout as it is now, if the claim of `version` still holds.
pub(crate) async fn find_claimed(
    conn: &mut PgConnection,
    order: OrderId,
    version: i64,
) -> Result<Option<Checkout>, Error> {
    let row = query_as!(
        CheckoutRow,
        r#"SELECT order_id, step, data AS "data: Json<StoredData>", attempts, version, began_at,
             deadline_at, last_error, cancel_wanted, cancel_reason, cancel_actor
         FROM checkouts WHERE order_id = $1 AND version = $2"#,
        order.0,
        version,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(CheckoutRow::into_domain).transpose()?.map(|(checkout, _)| checkout))
}

/// Returns a checkout and its last error, for administrators.
pub(crate) async fn find(
    conn: &mut PgConnection,
    order: OrderId,
) -> Result<Option<(Checkout, String)>, Error> {
    let row = query_as!(
        CheckoutRow,
        r#"SELECT order_id, step, data AS "data: Json<StoredData>", attempts, version, began_at,
             deadline_at, last_error, cancel_wanted, cancel_reason, cancel_actor
         FROM checkouts WHERE order_id = $1"#,
        order.0,
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let error = row.last_error.clone();
    row.into_domain().map(|(checkout, _)| Some((checkout, error)))
}

/// Writes a checkout after a transition, ends the claim or begins the next one, and returns the new
/// version. Returns `None` and writes nothing if the claim no longer holds (`version` is the
/// fencing token), or if a cancellation was requested that the outcome does not take into account.
pub(crate) async fn record_outcome(
    conn: &mut PgConnection,
    state: &Checkout,
    next_attempt: NextAttempt,
    fence: Fence<'_>,
) -> Result<Option<i64>, Error> {
    let version = query_scalar!(
        "UPDATE checkouts
         SET data = $4, due_at = $5, lease_until = now() + make_interval(secs => $6),
             version = version + 1, attempts = $7, began_at = $8, deadline_at = $9, step = $10,
             last_error = CASE WHEN step = $10 THEN $11 ELSE '' END
         WHERE order_id = $1 AND version = $2 AND cancel_wanted = $3
         RETURNING version",
        state.order.0,
        fence.version,
        state.cancel.is_some(),
        Json(StoredData::from_domain(&state.data)) as _,
        next_attempt.due_at.to_sqlx(),
        next_attempt.lease_secs(),
        attempts_to_stored(state.attempts),
        state.began_at.to_sqlx(),
        state.deadline_at.to_sqlx(),
        state.step.as_str(),
        fence.error,
    )
    .fetch_optional(conn)
    .await?;
    Ok(version)
}

/// Records the request to cancel the order and makes the checkout due at once; the first request's
/// actor and reason are kept. A claim stays valid: its executor sees the request when it records
/// the outcome.
pub(crate) async fn request_cancel(
    conn: &mut PgConnection,
    order: OrderId,
    actor: &Actor,
    now: Timestamp,
) -> Result<(), Error> {
    query!(
        "UPDATE checkouts
         SET cancel_wanted = true, cancel_reason = $2, cancel_actor = $3, due_at = least(due_at, $4)
         WHERE order_id = $1 AND NOT cancel_wanted",
        order.0,
        actor.reason,
        actor.id,
        now.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

struct CheckoutRow {
    order_id: Uuid,
    step: String,
    data: Json<StoredData>,
    attempts: i32,
    version: i64,
    began_at: jiff_sqlx::Timestamp,
    deadline_at: jiff_sqlx::Timestamp,
    last_error: String,
    cancel_wanted: bool,
    cancel_reason: String,
    cancel_actor: String,
}

impl CheckoutRow {
    fn into_domain(self) -> Result<(Checkout, i64), Error> {
        let checkout = Checkout {
            order: self.order_id.into(),
            step: Step::from_stored(&self.step)
                .ok_or(Error::UnknownStoredValue("checkouts.step"))?,
            data: self.data.0.into_domain()?,
            attempts: attempts_from_stored(self.attempts),
            began_at: self.began_at.to_jiff(),
            deadline_at: self.deadline_at.to_jiff(),
            cancel: self
                .cancel_wanted
                .then_some(Actor { id: self.cancel_actor, reason: self.cancel_reason }),
        };
        Ok((checkout, self.version))
    }
}
