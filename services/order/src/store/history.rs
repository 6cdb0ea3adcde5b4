//! Statements on the history of orders. `orders` writes the entries together with the change that
//! they record.

use std::collections::HashMap;

use sqlx::{PgConnection, query};
use uuid::Uuid;

use crate::domain::event::Actor;
use crate::domain::ids::OrderId;
use crate::domain::order::HistoryEntry;
use crate::domain::status::Status;
use crate::error::Error;

/// Returns the histories of orders, oldest entry first.
pub(crate) async fn find_by_orders(
    conn: &mut PgConnection,
    orders: &[OrderId],
) -> Result<HashMap<OrderId, Vec<HistoryEntry>>, Error> {
    let raw: Vec<Uuid> = orders.iter().map(|id| id.0).collect();
    let rows = query!(
        "SELECT order_id, id, status, notes, actor_id, created_at
         FROM order_history WHERE order_id = ANY((SELECT $1::uuid[])::uuid[])
         ORDER BY order_id, position",
        &raw,
    )
    .fetch_all(conn)
    .await?;
    let mut histories: HashMap<OrderId, Vec<HistoryEntry>> = HashMap::new();
    for row in rows {
        let entry = HistoryEntry {
            id: row.id.into(),
            status: Status::from_stored(&row.status)
                .ok_or(Error::UnknownStoredValue("order_history.status"))?,
            actor: Actor { id: row.actor_id, reason: row.notes },
            created_at: row.created_at.to_jiff(),
        };
        histories.entry(row.order_id.into()).or_default().push(entry);
    }
    Ok(histories)
}
