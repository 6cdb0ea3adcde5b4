//! Creating, updating and cancelling shipments: each function is one database transaction.
//!
//! A transaction locks one shipment and then writes the rows that belong to it, so that there are
//! no deadlocks, and it waits for nothing but PostgreSQL.

use jiff::Timestamp;
use kit::Env;
use sqlx::{PgConnection, PgPool};

use crate::domain::ids::{EventId, OrderId, ShipmentId};
use crate::domain::shipment::{Consignment, Event, Parcel, Shipment};
use crate::domain::status::Status;
use crate::domain::tracking::TrackingNumber;
use crate::error::Error;
use crate::store;
use crate::store::events::TrackingEvent;
use crate::store::shipments::ShipmentKey;

/// Maximum number of attempts to generate an unused tracking number. With a million parcels in
/// transit, one in a million numbers with 12 digits is in use, so five collisions in a row indicate
/// a defect.
const MAX_GENERATE_ATTEMPTS: usize = 5;

/// Shipment, and whether this call changed its status.
#[derive(Debug)]
pub(crate) struct ShipmentUpdate {
    pub(crate) shipment: Shipment,
    pub(crate) changed: bool,
}

/// Creates the shipment of an order. A retry returns the first shipment.
pub(crate) async fn create(
    pool: &PgPool,
    env: &Env,
    order: OrderId,
    consignment: &Consignment,
) -> Result<ShipmentUpdate, Error> {
    for _ in 1..MAX_GENERATE_ATTEMPTS {
        match try_create(pool, env, order, consignment).await {
            Err(Error::TrackingNumberTaken) => {
                tracing::info!("generated tracking number already in use: retrying");
            }
            update => return update,
        }
    }
    try_create(pool, env, order, consignment).await
}

async fn try_create(
    pool: &PgPool,
    env: &Env,
    order: OrderId,
    consignment: &Consignment,
) -> Result<ShipmentUpdate, Error> {
    let now = env.now();
    let Consignment { service, weight, .. } = *consignment;
    let tracking_number = TrackingNumber::generate(service.carrier(), env.bytes());
    let parcel = Parcel { service, weight, tracking_number };
    let mut shipment = new_shipment(env, order, Status::Pending, now);
    let mut tx = pool.begin().await?;
    if !store::shipments::insert(&mut tx, &shipment).await? {
        let first = lock_existing(&mut tx, order).await?;
        let consignment_before = store::parcels::consignment(&mut tx, &first).await?;
        first.check_retry(consignment_before.as_ref(), consignment)?;
        return Ok(ShipmentUpdate { shipment: first, changed: false });
    }
    store::parcels::insert(&mut tx, shipment.id, &parcel, consignment).await?;
    write_event(&mut tx, env, shipment.id, &Event::from_status(Status::Pending), now).await?;
    tx.commit().await?;
    shipment.parcel = Some(parcel);
    Ok(ShipmentUpdate { shipment, changed: true })
}

/// Cancels the shipment of an order. If the order has none, stores a tombstone, so that none can be
/// created later.
pub(crate) async fn cancel(
    pool: &PgPool,
    env: &Env,
    order: OrderId,
) -> Result<ShipmentUpdate, Error> {
    let tombstone = new_shipment(env, order, Status::Cancelled, env.now());
    let mut tx = pool.begin().await?;
    let update = if store::shipments::insert(&mut tx, &tombstone).await? {
        ShipmentUpdate { shipment: tombstone, changed: true }
    } else {
        let shipment = lock_existing(&mut tx, order).await?;
        apply_event(&mut tx, env, shipment, &Event::from_status(Status::Cancelled)).await?
    };
    tx.commit().await?;
    Ok(update)
}

/// Updates a shipment to the status that its carrier reports.
pub(crate) async fn update_status(
    pool: &PgPool,
    env: &Env,
    number: TrackingNumber,
    event: &Event,
) -> Result<ShipmentUpdate, Error> {
    let mut tx = pool.begin().await?;
    let shipment = store::shipments::lock(&mut tx, &ShipmentKey::TrackingNumber(number)).await?;
    let shipment = shipment.ok_or(Error::NotFound("shipment"))?;
    let update = apply_event(&mut tx, env, shipment, event).await?;
    tx.commit().await?;
    Ok(update)
}

/// Advances one shipment whose status has not changed since `since`; returns its new status.
/// Returns `None` if there is no such shipment, apart from those that other replicas have locked.
pub(crate) async fn advance_next(
    pool: &PgPool,
    env: &Env,
    since: Timestamp,
) -> Result<Option<Status>, Error> {
    let mut tx = pool.begin().await?;
    let Some(shipment) = store::shipments::lock_due(&mut tx, since).await? else {
        return Ok(None);
    };
    // Shipments with a final status are not selected.
    let Some(next) = shipment.status.next() else { return Ok(None) };
    apply_event(&mut tx, env, shipment, &Event::from_status(next)).await?;
    tx.commit().await?;
    Ok(Some(next))
}

/// Returns a shipment and its events, newest first.
pub(crate) async fn track(
    pool: &PgPool,
    number: TrackingNumber,
) -> Result<(Shipment, Vec<TrackingEvent>), Error> {
    let mut conn = pool.acquire().await?;
    let shipment = store::shipments::find(&mut conn, &ShipmentKey::TrackingNumber(number)).await?;
    let shipment = shipment.ok_or(Error::NotFound("shipment"))?;
    let events = store::events::list_by_shipment(&mut conn, shipment.id).await?;
    Ok((shipment, events))
}

async fn apply_event(
    conn: &mut PgConnection,
    env: &Env,
    shipment: Shipment,
    event: &Event,
) -> Result<ShipmentUpdate, Error> {
    let now = env.now();
    let Some(moved) = shipment.with_status(event.status, now)? else {
        return Ok(ShipmentUpdate { shipment, changed: false });
    };
    store::shipments::set_status(conn, &moved, now).await?;
    write_event(conn, env, moved.id, event, now).await?;
    Ok(ShipmentUpdate { shipment: moved, changed: true })
}

async fn write_event(
    conn: &mut PgConnection,
    env: &Env,
    shipment: ShipmentId,
    event: &Event,
    now: Timestamp,
) -> Result<(), Error> {
    store::events::insert(conn, EventId(env.uuid()), shipment, event, now).await
}

fn new_shipment(env: &Env, order: OrderId, status: Status, now: Timestamp) -> Shipment {
    Shipment {
        id: ShipmentId(env.uuid()),
        order,
        status,
        created_at: now,
        shipped_at: None,
        delivered_at: None,
        parcel: None,
    }
}

/// Returns and locks the shipment of an order that has one.
async fn lock_existing(conn: &mut PgConnection, order: OrderId) -> Result<Shipment, Error> {
    let shipment = store::shipments::lock(conn, &ShipmentKey::Order(order)).await?;
    shipment.ok_or(Error::UnknownStoredValue("shipments.order_id"))
}
