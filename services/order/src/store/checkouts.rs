//! Checkouts.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query, query_as, query_scalar, types::Json};
use uuid::Uuid;

use super::{Fence, Lease, Onward, data::StoredData, stored, tries};
use crate::{
    domain::{
        checkout::{Checkout, Step},
        event::By,
        ids::{OrderId, UserId},
        pace::FLOW_CAP,
    },
    error::Error,
};

/// Writes a new checkout at its first step, claimed, and tells the version of the claim; `None`, and
/// nothing is written, when the last order of the customer that left the cart is another one by now.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    checkout: &Checkout,
    lease: Lease,
    (user, last_left): (UserId, i64),
) -> Result<Option<i64>, Error> {
    let version = query_scalar!(
        "INSERT INTO checkouts (order_id, step, data, attempts, version, due_at, lease_until, began_at,
             deadline_at)
         SELECT $1, $2, $3, $4, 1, $5, now() + make_interval(secs => $6), $5, $7
         WHERE $9 = (SELECT coalesce(max(left_cart), 0) FROM orders WHERE user_id = $8)
         RETURNING version",
        checkout.order.0,
        checkout.step.as_str(),
        Json(StoredData::of(&checkout.data)) as _,
        stored(checkout.attempts),
        checkout.began_at.to_sqlx(),
        lease.secs(),
        checkout.deadline_at.to_sqlx(),
        user.0,
        last_left,
    )
    .fetch_optional(conn)
    .await?;
    Ok(version)
}

/// Claims a checkout that is due and that nobody has, and tells the version of the claim. Rows that
/// another driver is just claiming are passed over.
pub(crate) async fn claim(
    conn: &mut PgConnection,
    of: Option<OrderId>,
    lease: Lease,
) -> Result<Option<(Checkout, i64)>, Error> {
    let row = query_as!(
        Row,
        r#"UPDATE checkouts
         SET lease_until = now() + make_interval(secs => $2), version = version + 1, attempts = attempts + 1
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
        of.map(|order| order.0),
        lease.absurd(FLOW_CAP).to_sqlx(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Row::read).transpose()
}

/// The checkout as it is now, if the claim of `version` still holds.
pub(crate) async fn claimed(
    conn: &mut PgConnection,
    order: OrderId,
    version: i64,
) -> Result<Option<Checkout>, Error> {
    let row = query_as!(
        Row,
        r#"SELECT order_id, step, data AS "data: Json<StoredData>", attempts, version, began_at,
             deadline_at, last_error, cancel_wanted, cancel_reason, cancel_actor
         FROM checkouts WHERE order_id = $1 AND version = $2"#,
        order.0,
        version,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Row::read).transpose()?.map(|(checkout, _)| checkout))
}

/// A checkout and its last error, for administrators.
pub(crate) async fn find(
    conn: &mut PgConnection,
    order: OrderId,
) -> Result<Option<(Checkout, String)>, Error> {
    let row = query_as!(
        Row,
        r#"SELECT order_id, step, data AS "data: Json<StoredData>", attempts, version, began_at,
             deadline_at, last_error, cancel_wanted, cancel_reason, cancel_actor
         FROM checkouts WHERE order_id = $1"#,
        order.0,
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let error = row.last_error.clone();
    row.read().map(|(checkout, _)| Some((checkout, error)))
}

/// Moves a checkout on, ends the claim or begins the next one, and tells its version. Nothing is written
/// and `None` told when the claim does not hold any more, or when somebody asked for a cancel that the
/// outcome was not judged by.
pub(crate) async fn settle(
    conn: &mut PgConnection,
    state: &Checkout,
    onward: Onward,
    fence: Fence<'_>,
) -> Result<Option<i64>, Error> {
    let version = query_scalar!(
        "UPDATE checkouts
         SET data = $4, due_at = $5, lease_until = now() + make_interval(secs => $6), version = version + 1,
             attempts = $7,
             began_at = $8, deadline_at = $9, step = $10,
             last_error = CASE WHEN step = $10 THEN $11 ELSE '' END
         WHERE order_id = $1 AND version = $2 AND cancel_wanted = $3
         RETURNING version",
        state.order.0,
        fence.version,
        state.cancel.is_some(),
        Json(StoredData::of(&state.data)) as _,
        onward.due_at.to_sqlx(),
        onward.lease_secs(),
        stored(state.attempts),
        state.began_at.to_sqlx(),
        state.deadline_at.to_sqlx(),
        state.step.as_str(),
        fence.error,
    )
    .fetch_optional(conn)
    .await?;
    Ok(version)
}

/// Remembers that somebody wants the order cancelled, the first one's words, and lets the checkout go
/// on at once. A claim that is out stays: its driver sees this when it settles.
pub(crate) async fn want_cancel(
    conn: &mut PgConnection,
    order: OrderId,
    by: &By,
    now: Timestamp,
) -> Result<(), Error> {
    query!(
        "UPDATE checkouts
         SET cancel_wanted = true, cancel_reason = $2, cancel_actor = $3, due_at = least(due_at, $4)
         WHERE order_id = $1 AND NOT cancel_wanted",
        order.0,
        by.reason,
        by.actor,
        now.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

struct Row {
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

impl Row {
    fn read(self) -> Result<(Checkout, i64), Error> {
        let checkout = Checkout {
            order: self.order_id.into(),
            step: Step::from_stored(&self.step).ok_or(Error::Stored("checkouts.step"))?,
            data: self.data.0.read()?,
            attempts: tries(self.attempts),
            began_at: self.began_at.to_jiff(),
            deadline_at: self.deadline_at.to_jiff(),
            cancel: self
                .cancel_wanted
                .then_some(By { actor: self.cancel_actor, reason: self.cancel_reason }),
        };
        Ok((checkout, self.version))
    }
}
