//! Parcels and their addresses.

use sqlx::{PgConnection, query, query_as};
use wire::Address;

use crate::domain::ids::ShipmentId;
use crate::domain::shipment::{Consignment, Parcel, Shipment};
use crate::error::Error;

struct Row {
    kind: String,
    recipient: String,
    street: String,
    city: String,
    state: String,
    zip_code: String,
    country: String,
}

/// Inserts the parcel of a shipment with its addresses.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    shipment: ShipmentId,
    parcel: &Parcel,
    consignment: &Consignment,
) -> Result<(), Error> {
    query!(
        "INSERT INTO parcels (shipment_id, tracking_number, service, weight_grams)
         VALUES ($1, $2, $3, $4)",
        shipment.0,
        parcel.tracking_number.as_str(),
        parcel.service.as_str(),
        parcel.weight.grams(),
    )
    .execute(&mut *conn)
    .await
    .map_err(Error::from_parcel_insert)?;
    insert_address(conn, shipment, "to", &consignment.to).await?;
    match &consignment.from {
        Some(from) => insert_address(conn, shipment, "from", from).await,
        None => Ok(()),
    }
}

async fn insert_address(
    conn: &mut PgConnection,
    shipment: ShipmentId,
    kind: &str,
    address: &Address,
) -> Result<(), Error> {
    let Address { recipient, street, city, state, zip_code, country } = address;
    query!(
        "INSERT INTO parcel_addresses
             (shipment_id, kind, recipient, street, city, state, zip_code, country)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        shipment.0,
        kind,
        recipient,
        street,
        city,
        state,
        zip_code,
        country,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns the consignment of a shipment; `None` for a tombstone.
pub(crate) async fn consignment(
    conn: &mut PgConnection,
    shipment: &Shipment,
) -> Result<Option<Consignment>, Error> {
    let Some(Parcel { service, weight, .. }) = &shipment.parcel else { return Ok(None) };
    let rows = query_as!(
        Row,
        "SELECT kind, recipient, street, city, state, zip_code, country
         FROM parcel_addresses WHERE shipment_id = $1",
        shipment.id.0,
    )
    .fetch_all(conn)
    .await?;
    let (mut from, mut to) = (None, None);
    for row in rows {
        let Row { kind, recipient, street, city, state, zip_code, country } = row;
        let address = Address { recipient, street, city, state, zip_code, country };
        match kind.as_str() {
            "from" => from = Some(address),
            _ => to = Some(address),
        }
    }
    let to = to.ok_or(Error::UnknownStoredValue("parcel_addresses.kind"))?;
    Ok(Some(Consignment { service: *service, weight: *weight, from, to }))
}
