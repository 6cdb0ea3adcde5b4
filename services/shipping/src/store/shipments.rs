//! Shipments: reading, locking and moving them.

use jiff::Timestamp;
use jiff_sqlx::{Timestamp as SqlTimestamp, ToSqlx};
use sqlx::{PgConnection, query, query_as, query_scalar};
use uuid::Uuid;

use crate::{
    domain::{
        ids::{OrderId, ShipmentId},
        quote::{Service, Weight},
        shipment::{Parcel, Shipment},
        status::Status,
        tracking::TrackingNumber,
    },
    error::Error,
};

/// By what a shipment is known.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    Id(ShipmentId),
    Order(OrderId),
    Number(TrackingNumber),
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
                service: Service::from_stored(&service).ok_or(Error::Stored("parcels.service"))?,
                weight: Weight::new(grams).ok_or(Error::Stored("parcels.weight_grams"))?,
                tracking_number: TrackingNumber::stored(number),
            }),
            _ => None,
        };
        Ok(Self {
            id: row.id.into(),
            order: row.order_id.into(),
            status: Status::from_stored(&row.status).ok_or(Error::Stored("shipments.status"))?,
            created_at: row.created_at.to_jiff(),
            shipped_at: row.shipped_at.map(SqlTimestamp::to_jiff),
            delivered_at: row.delivered_at.map(SqlTimestamp::to_jiff),
            parcel,
        })
    }
}

/// Writes a shipment down without its parcel, unless its order is known: then nothing is written and
/// `false` told. It waits for another transaction that is just writing the same order.
pub(crate) async fn insert(conn: &mut PgConnection, shipment: &Shipment) -> Result<bool, Error> {
    let written = query!(
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
    Ok(written.rows_affected() == 1)
}

/// One shipment.
pub(crate) async fn find(conn: &mut PgConnection, key: &Key) -> Result<Option<Shipment>, Error> {
    let (id, order, number) = match key {
        Key::Id(id) => (Some(id.0), None, None),
        Key::Order(order) => (None, Some(order.0), None),
        Key::Number(number) => (None, None, Some(number.as_str())),
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

/// One shipment, locked.
pub(crate) async fn lock(conn: &mut PgConnection, key: &Key) -> Result<Option<Shipment>, Error> {
    let Some(found) = find(conn, key).await? else { return Ok(None) };
    query!("SELECT FROM shipments WHERE id = $1 FOR UPDATE", found.id.0)
        .execute(&mut *conn)
        .await?;
    // As it is now that nobody else can change it; it is never deleted.
    find(conn, &Key::Id(found.id)).await
}

/// A shipment that has stood where it is since `since`, locked, the longest first. Those that another
/// replica has locked are passed over.
pub(crate) async fn lock_waiting(
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
        Some(id) => find(conn, &Key::Id(id.into())).await,
        None => Ok(None),
    }
}

/// Writes where a locked shipment has moved to.
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
