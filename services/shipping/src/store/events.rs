//! Tracking events of shipments.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgConnection, query, query_as};
use uuid::Uuid;

use crate::domain::ids::{EventId, ShipmentId};
use crate::domain::shipment::Event;
use crate::error::Error;

/// Stored tracking event.
#[derive(Clone, Debug)]
pub(crate) struct TrackingEvent {
    pub(crate) id: EventId,
    pub(crate) description: String,
    pub(crate) location: String,
    pub(crate) at: Timestamp,
}

struct Row {
    id: Uuid,
    description: String,
    location: String,
    created_at: SqlTimestamp,
}

impl From<Row> for TrackingEvent {
    fn from(row: Row) -> Self {
        let Row { id, description, location, created_at } = row;
        Self { id: id.into(), description, location, at: created_at.to_jiff() }
    }
}

/// Inserts an event of a locked shipment.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    id: EventId,
    shipment: ShipmentId,
    event: &Event,
    now: Timestamp,
) -> Result<(), Error> {
    query!(
        "INSERT INTO tracking_events (id, shipment_id, status, description, location, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        id.0,
        shipment.0,
        event.status.as_str(),
        event.description,
        event.location,
        now.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns the events of a shipment, newest first: one for each change of its status.
pub(crate) async fn list_by_shipment(
    conn: &mut PgConnection,
    shipment: ShipmentId,
) -> Result<Vec<TrackingEvent>, Error> {
    let rows = query_as!(
        Row,
        "SELECT id, description, location, created_at
         FROM tracking_events WHERE shipment_id = $1 ORDER BY number DESC",
        shipment.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(TrackingEvent::from).collect())
}
