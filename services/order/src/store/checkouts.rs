//! Checkouts.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query, query_as, types::Json};
use uuid::Uuid;

use super::{Lease, data::StoredData, tries};
use crate::{
    domain::{
        checkout::{Checkout, Step, Transition},
        event::By,
        ids::OrderId,
    },
    error::Error,
};

/// Writes a new checkout, due at once.
pub(crate) async fn insert(conn: &mut PgConnection, checkout: &Checkout) -> Result<(), Error> {
    query!(
        "INSERT INTO checkouts (order_id, step, data, due_at, began_at, deadline_at)
         VALUES ($1, $2, $3, $4, $4, $5)",
        checkout.order.0,
        checkout.step.as_str(),
        Json(StoredData::of(&checkout.data)) as _,
        checkout.began_at.to_sqlx(),
        checkout.deadline_at.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
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
         SET lease_until = $2, version = version + 1, attempts = attempts + 1
         WHERE order_id = (
             SELECT order_id FROM checkouts
             WHERE step NOT IN ('confirmed', 'cancelled') AND due_at <= $1
                 AND (lease_until IS NULL OR lease_until <= $1)
                 AND ($3::uuid IS NULL OR order_id = $3)
             ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING order_id, step, data AS "data: Json<StoredData>", attempts, version, began_at,
             deadline_at, last_error, cancel_wanted, cancel_reason, cancel_actor"#,
        lease.now.to_sqlx(),
        lease.until().to_sqlx(),
        of.map(|order| order.0),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Row::read).transpose()
}

/// The checkout as it is now, locked, if the claim of `version` still holds.
pub(crate) async fn lock_claimed(
    conn: &mut PgConnection,
    order: OrderId,
    version: i64,
) -> Result<Option<Checkout>, Error> {
    let row = query_as!(
        Row,
        r#"SELECT order_id, step, data AS "data: Json<StoredData>", attempts, version, began_at,
             deadline_at, last_error, cancel_wanted, cancel_reason, cancel_actor
         FROM checkouts WHERE order_id = $1 AND version = $2 FOR UPDATE"#,
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

/// Moves a locked checkout on and ends the claim.
pub(crate) async fn settle(
    conn: &mut PgConnection,
    before: &Checkout,
    after: &Transition,
    (now, deadline_at): (Timestamp, Timestamp),
    error: &str,
) -> Result<(), Error> {
    let moved = before.step != after.step;
    query!(
        "UPDATE checkouts
         SET step = $2, data = $3, due_at = $4, lease_until = NULL, version = version + 1,
             attempts = CASE WHEN $5 THEN 0 ELSE attempts END,
             began_at = CASE WHEN $5 THEN $6 ELSE began_at END,
             deadline_at = CASE WHEN $5 THEN $7 ELSE deadline_at END,
             last_error = CASE WHEN $5 THEN '' ELSE $8 END
         WHERE order_id = $1",
        before.order.0,
        after.step.as_str(),
        Json(StoredData::of(&after.data)) as _,
        after.due_at.to_sqlx(),
        moved,
        now.to_sqlx(),
        deadline_at.to_sqlx(),
        error,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Remembers that somebody wants the order cancelled, the first one's words, and lets the checkout go
/// on at once. A claim that is out stays: its driver reads this when it settles.
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
