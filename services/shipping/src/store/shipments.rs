//! Shipments: reading, locking and updating them.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgConnection, query, query_as, query_scalar};
use uuid::Uuid;

use crate::domain::ids::{OrderId, ShipmentId};
use crate::domain::quote::{Service, Weight};
use crate::domain::shipment::{Parcel, Shipment};
use crate::domain::status::Status;
use crate::domain::tracking::TrackingNumber;
use crate::error::Error;

/// Identifier of a shipment.
#[derive(Clone, Debug)]
pub(crate) enum ShipmentKey {
    Id(ShipmentId),
    Order(OrderId),
    TrackingNumber(TrackingNumber),
}

struct Row {
    id: Uuid,
    order_id: Uuid,
    status: String,
    created_at: SqlTimestamp,
    shipped_at: Option<SqlTimestamp>,
    delivered_at: Option<SqlTimestamp>,
    service: Option<String>,
    weight_grams: Option<i32>,
    tracking_number: Option<String>,
}

impl TryFrom<Row> for Shipment {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let parcel = match (row.service, row.weight_grams, row.tracking_number) {
            (Some(service), Some(grams), Some(number)) => Some(Parcel {
                service: Service::from_stored(&service)
                    .ok_or(Error::UnknownStoredValue("parcels.service"))?,
                weight: Weight::new(grams)
                    .ok_or(Error::UnknownStoredValue("parcels.weight_grams"))?,
                tracking_number: TrackingNumber::from_stored(number),
            }),
            _ => None,
        };
        Ok(Self {
            id: row.id.into(),
            order: row.order_id.into(),
            status: Status::from_stored(&row.status)
                .ok_or(Error::UnknownStoredValue("shipments.status"))?,
            created_at: row.created_at.to_jiff(),
            shipped_at: row.shipped_at.map(SqlTimestamp::to_jiff),
            delivered_at: row.delivered_at.map(SqlTimestamp::to_jiff),
            parcel,
        })
    }
}

/// Inserts a shipment without its parcel. Returns `false`, without an insert, if its order already
/// has a row. Waits for a concurrent transaction that inserts the same order.
pub(crate) async fn insert(conn: &mut PgConnection, shipment: &Shipment) -> Result<bool, Error> {
    let inserted = query!(
        "INSERT INTO shipments (id, order_id, status, created_at, moved_at)
         VALUES ($1, $2, $3, $4, $4)
         ON CONFLICT ON CONSTRAINT shipments_order_id_key DO NOTHING",
        shipment.id.0,
        shipment.order.0,
        shipment.status.as_str(),
        shipment.created_at.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Returns a shipment.
pub(crate) async fn find(
    conn: &mut PgConnection,
    key: &ShipmentKey,
) -> Result<Option<Shipment>, Error> {
    let (id, order, number) = match key {
        ShipmentKey::Id(id) => (Some(id.0), None, None),
        ShipmentKey::Order(order) => (None, Some(order.0), None),
        ShipmentKey::TrackingNumber(number) => (None, None, Some(number.as_str())),
    };
    let row = query_as!(
        Row,
        r#"SELECT s.id, s.order_id, s.status, s.created_at, s.shipped_at, s.delivered_at,
             p.service AS "service?", p.weight_grams AS "weight_grams?",
             p.tracking_number AS "tracking_number?"
         FROM shipments s LEFT JOIN parcels p ON p.shipment_id = s.id
         WHERE s.id = $1 OR s.order_id = $2
            OR s.id = (SELECT shipment_id FROM parcels WHERE tracking_number = $3)"#,
        id,
        order,
        number,
    )
    .fetch_optional(conn)
    .await?;
    row.map(Shipment::try_from).transpose()
}

/// Returns a shipment and locks it.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    key: &ShipmentKey,
) -> Result<Option<Shipment>, Error> {
    let Some(found) = find(conn, key).await? else { return Ok(None) };
    query!("SELECT FROM shipments WHERE id = $1 FOR UPDATE", found.id.0)
        .execute(&mut *conn)
        .await?;
    // Read again under the lock, when no other transaction can change it. A shipment is never
    // deleted.
    find(conn, &ShipmentKey::Id(found.id)).await
}

/// Returns and locks the shipment whose status has been unchanged for the longest time, if that is
/// since `since` or earlier. Rows that another replica has locked are skipped.
pub(crate) async fn lock_due(
    conn: &mut PgConnection,
    since: Timestamp,
) -> Result<Option<Shipment>, Error> {
    let id = query_scalar!(
        "SELECT id FROM shipments
         WHERE status NOT IN ('delivered', 'failed', 'cancelled') AND moved_at <= $1
         ORDER BY moved_at, id
         LIMIT 1 FOR UPDATE SKIP LOCKED",
        since.to_sqlx(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    match id {
        Some(id) => find(conn, &ShipmentKey::Id(id.into())).await,
        None => Ok(None),
    }
}

/// Updates the status of a locked shipment.
pub(crate) async fn set_status(
    conn: &mut PgConnection,
    shipment: &Shipment,
    now: Timestamp,
) -> Result<(), Error> {
    query!(
        "UPDATE shipments SET status = $2, moved_at = $3, shipped_at = $4, delivered_at = $5
         WHERE id = $1",
        shipment.id.0,
        shipment.status.as_str(),
        now.to_sqlx(),
        shipment.shipped_at.map(ToSqlx::to_sqlx),
        shipment.delivered_at.map(ToSqlx::to_sqlx),
    )
    .execute(conn)
    .await?;
    Ok(())
}
