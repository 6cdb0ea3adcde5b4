//! Stock and its ledger.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query, query_as};
use uuid::Uuid;

use crate::domain::ids::ProductId;
use crate::domain::stock::{Movements, Stock};
use crate::error::Error;

struct Row {
    product: Uuid,
    is_active: bool,
    on_hand: i32,
    reserved: i32,
}

impl From<Row> for Stock {
    fn from(row: Row) -> Self {
        let Row { product, is_active, on_hand, reserved } = row;
        Self { product: product.into(), is_active, on_hand, reserved }
    }
}

/// The stock of the given products that exist.
pub(crate) async fn read(
    conn: &mut PgConnection,
    products: impl Iterator<Item = ProductId>,
) -> Result<Vec<Stock>, Error> {
    let products: Vec<Uuid> = products.map(|product| product.0).collect();
    let rows = query_as!(
        Row,
        "SELECT s.product_id AS product, p.is_active, s.on_hand, s.reserved
         FROM stock s JOIN products p ON p.id = s.product_id
         WHERE s.product_id = ANY((SELECT $1::uuid[])::uuid[])",
        &products,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Stock::from).collect())
}

/// The stock of the given products that exist, locked in the order of their ids. All transactions
/// lock in this order, which prevents deadlocks.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    products: impl Iterator<Item = ProductId>,
) -> Result<Vec<Stock>, Error> {
    let products: Vec<Uuid> = products.map(|product| product.0).collect();
    let rows = query_as!(
        Row,
        "SELECT s.product_id AS product, p.is_active, s.on_hand, s.reserved
         FROM stock s JOIN products p ON p.id = s.product_id
         WHERE s.product_id = ANY((SELECT $1::uuid[])::uuid[])
         ORDER BY s.product_id FOR UPDATE OF s",
        &products,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Stock::from).collect())
}

/// Inserts the stock row of a new product, with no units.
pub(crate) async fn insert_empty(conn: &mut PgConnection, product: ProductId) -> Result<(), Error> {
    query!("INSERT INTO stock (product_id, on_hand) VALUES ($1, 0)", product.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Changes stock and inserts the movements into the ledger, in one statement, so that both always
/// agree. Rows are locked in the order of their ids, like in [`lock`].
pub(crate) async fn apply(
    conn: &mut PgConnection,
    movements: &Movements,
    now: Timestamp,
) -> Result<(), Error> {
    let products: Vec<Uuid> = movements.rows.iter().map(|row| row.product.0).collect();
    let on_hand: Vec<i32> = movements.rows.iter().map(|row| row.on_hand_delta).collect();
    let reserved: Vec<i32> = movements.rows.iter().map(|row| row.reserved_delta).collect();
    query!(
        "WITH moved AS (
             SELECT * FROM unnest(
                 (SELECT $1::uuid[]), (SELECT $2::integer[]), (SELECT $3::integer[])
             ) AS m (product_id, on_hand_delta, reserved_delta)
         ), locked AS MATERIALIZED (
             SELECT product_id FROM stock WHERE product_id = ANY((SELECT $1::uuid[])::uuid[])
             ORDER BY product_id FOR UPDATE
         ), changed AS (
             UPDATE stock s
             SET on_hand = s.on_hand + m.on_hand_delta, reserved = s.reserved + m.reserved_delta
             FROM locked l JOIN moved m USING (product_id) WHERE s.product_id = l.product_id
             RETURNING s.product_id
         )
         INSERT INTO stock_movements
             (product_id, kind, on_hand_delta, reserved_delta, reason, order_id, actor_id,
              created_at)
         SELECT m.product_id, $4, m.on_hand_delta, m.reserved_delta, $5, $6, $7, $8
         FROM moved m JOIN changed USING (product_id)",
        &products,
        &on_hand,
        &reserved,
        movements.kind.as_str(),
        movements.reason,
        movements.order.map(|order| order.0),
        movements.actor,
        now.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
