//! Reservations and their lines.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query, query_as};
use uuid::Uuid;

use crate::domain::ids::{OrderId, ProductId};
use crate::domain::reservation::{Reservation, State};
use crate::domain::stock::Lines;
use crate::error::Error;

/// Inserts a reservation and returns whether it was new: an existing reservation of the order is
/// not changed. Waits for a concurrent transaction that inserts the same order.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    reservation: &Reservation,
    now: Timestamp,
) -> Result<bool, Error> {
    let (products, quantities): (Vec<Uuid>, Vec<i32>) =
        reservation.lines.iter().map(|(product, quantity)| (product.0, quantity)).unzip();
    let done = query!(
        "WITH inserted AS (
             INSERT INTO reservations (order_id, id, state, expires_at, created_at, updated_at)
             VALUES ($1, $2, $3, $4, $5, $5)
             ON CONFLICT (order_id) DO NOTHING RETURNING order_id
         ), lines AS (
             INSERT INTO reservation_lines (order_id, product_id, quantity)
             SELECT w.order_id, l.* FROM inserted w, unnest($6::uuid[], $7::integer[]) l
         )
         SELECT order_id FROM inserted",
        reservation.order.0,
        reservation.id.0,
        reservation.state.as_str(),
        reservation.expires_at.to_sqlx(),
        now.to_sqlx(),
        &products,
        &quantities,
    )
    .fetch_optional(conn)
    .await?;
    Ok(done.is_some())
}

/// `query_as!` of [`Row`]: a reservation with its lines, which never change. A macro, because
/// checked SQL must be a literal.
macro_rules! select_reservation {
    ($rest:literal $(, $argument:expr)* $(,)?) => {
        query_as!(
            Row,
            "SELECT order_id, id, state, unavailable_product_ids, expires_at,
             ARRAY(SELECT product_id FROM reservation_lines l
                 WHERE l.order_id = r.order_id ORDER BY product_id) AS \"products!\",
             ARRAY(SELECT quantity FROM reservation_lines l
                 WHERE l.order_id = r.order_id ORDER BY product_id) AS \"quantities!\"
         FROM reservations r "
            + $rest
            $(, $argument)*
        )
    };
}

/// The reservation of an order, without a lock.
pub(crate) async fn find(
    conn: &mut PgConnection,
    order: OrderId,
) -> Result<Option<Reservation>, Error> {
    let row = select_reservation!("WHERE order_id = $1", order.0).fetch_optional(conn).await?;
    row.map(Row::parse).transpose()
}

/// The reservation of an order, locked.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    order: OrderId,
) -> Result<Option<Reservation>, Error> {
    let row = select_reservation!("WHERE order_id = $1 FOR UPDATE OF r", order.0)
        .fetch_optional(conn)
        .await?;
    row.map(Row::parse).transpose()
}

/// The expired reservation that is longest overdue, locked. Skips rows that another replica has
/// locked.
pub(crate) async fn lock_due(
    conn: &mut PgConnection,
    now: Timestamp,
) -> Result<Option<Reservation>, Error> {
    let row = select_reservation!(
        "WHERE state = 'held' AND expires_at <= $1
         ORDER BY expires_at, order_id
         LIMIT 1 FOR UPDATE OF r SKIP LOCKED",
        now.to_sqlx(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Row::parse).transpose()
}

/// Moves a locked reservation to another state.
pub(crate) async fn set_state(
    conn: &mut PgConnection,
    order: OrderId,
    state: State,
    unavailable: &[ProductId],
    now: Timestamp,
) -> Result<(), Error> {
    let unavailable: Vec<Uuid> = unavailable.iter().map(|product| product.0).collect();
    query!(
        "UPDATE reservations
         SET state = $2, unavailable_product_ids = $3, updated_at = $4
         WHERE order_id = $1",
        order.0,
        state.as_str(),
        &unavailable,
        now.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

struct Row {
    order_id: Uuid,
    id: Uuid,
    state: String,
    unavailable_product_ids: Vec<Uuid>,
    expires_at: jiff_sqlx::Timestamp,
    products: Vec<Uuid>,
    quantities: Vec<i32>,
}

impl Row {
    fn parse(self) -> Result<Reservation, Error> {
        let lines = self.products.into_iter().map(ProductId::from).zip(self.quantities);
        Ok(Reservation {
            order: self.order_id.into(),
            id: self.id.into(),
            state: State::from_stored(&self.state)
                .ok_or(Error::UnknownStoredValue("reservations.state"))?,
            lines: Lines::from_stored(lines),
            unavailable: self.unavailable_product_ids.into_iter().map(ProductId::from).collect(),
            expires_at: self.expires_at.to_jiff(),
        })
    }
}
