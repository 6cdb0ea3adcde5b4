//! Reservations and their lines.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query, query_scalar};
use uuid::Uuid;

use crate::{
    domain::{
        ids::{OrderId, ProductId},
        reservation::{Reservation, State},
        stock::Lines,
    },
    error::Error,
};

/// Writes a reservation down, unless its order is known: then nothing is written and `false` told. It
/// waits for another transaction that is just writing the same order.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    reservation: &Reservation,
    now: Timestamp,
) -> Result<bool, Error> {
    let (products, quantities): (Vec<Uuid>, Vec<i32>) =
        reservation.lines.iter().map(|(product, quantity)| (product.0, quantity)).unzip();
    let written = query!(
        "INSERT INTO reservations (order_id, id, state, expires_at, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $5)
         ON CONFLICT (order_id) DO NOTHING",
        reservation.order.0,
        reservation.id.0,
        reservation.state.as_str(),
        reservation.expires_at.to_sqlx(),
        now.to_sqlx(),
    )
    .execute(&mut *conn)
    .await?
    .rows_affected()
        == 1;
    if written && !products.is_empty() {
        query!(
            "INSERT INTO reservation_lines (order_id, product_id, quantity)
             SELECT $1, * FROM unnest($2::uuid[], $3::integer[])",
            reservation.order.0,
            &products,
            &quantities,
        )
        .execute(conn)
        .await?;
    }
    Ok(written)
}

/// The reservation of an order, locked.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    order: OrderId,
) -> Result<Option<Reservation>, Error> {
    let row = query!(
        "SELECT id, state, unavailable_product_ids, expires_at
         FROM reservations WHERE order_id = $1 FOR UPDATE",
        order.0,
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let lines =
        query!("SELECT product_id, quantity FROM reservation_lines WHERE order_id = $1", order.0,)
            .fetch_all(conn)
            .await?;
    Ok(Some(Reservation {
        order,
        id: row.id.into(),
        state: State::from_stored(&row.state).ok_or(Error::Stored("reservations.state"))?,
        lines: Lines::stored(lines.into_iter().map(|l| (l.product_id.into(), l.quantity))),
        unavailable: row.unavailable_product_ids.into_iter().map(ProductId::from).collect(),
        expires_at: row.expires_at.to_jiff(),
    }))
}

/// A held reservation whose time ran out, locked, the longest overdue first. Those that another replica
/// has locked are passed over.
pub(crate) async fn lock_due(
    conn: &mut PgConnection,
    now: Timestamp,
) -> Result<Option<Reservation>, Error> {
    let order = query_scalar!(
        "SELECT order_id FROM reservations
         WHERE state = 'held' AND expires_at <= $1
         ORDER BY expires_at, order_id
         LIMIT 1 FOR UPDATE SKIP LOCKED",
        now.to_sqlx(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    match order {
        Some(order) => lock(conn, order.into()).await,
        None => Ok(None),
    }
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
