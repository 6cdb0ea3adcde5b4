//! The history of orders. Entries are written with the change that they tell of, in `orders`.

use std::collections::HashMap;

use sqlx::{PgConnection, query};
use uuid::Uuid;

use crate::{
    domain::{event::By, ids::OrderId, order::Entry, status::Status},
    error::Error,
};

/// What happened to orders, oldest first.
pub(crate) async fn of_orders(
    conn: &mut PgConnection,
    orders: &[OrderId],
) -> Result<HashMap<OrderId, Vec<Entry>>, Error> {
    let raw: Vec<Uuid> = orders.iter().map(|id| id.0).collect();
    let rows = query!(
        "SELECT order_id, id, status, notes, actor_id, created_at
         FROM order_history WHERE order_id = ANY((SELECT $1::uuid[])::uuid[])
         ORDER BY order_id, position",
        &raw,
    )
    .fetch_all(conn)
    .await?;
    let mut histories: HashMap<OrderId, Vec<Entry>> = HashMap::new();
    for row in rows {
        let entry = Entry {
            id: row.id.into(),
            status: Status::from_stored(&row.status)
                .ok_or(Error::Stored("order_history.status"))?,
            by: By { actor: row.actor_id, reason: row.notes },
            at: row.created_at.to_jiff(),
        };
        histories.entry(row.order_id.into()).or_default().push(entry);
    }
    Ok(histories)
}
