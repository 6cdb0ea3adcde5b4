//! Making, moving and cancelling shipments.

use jiff::Timestamp;
use kit::Env;
use sqlx::{PgConnection, PgPool};

use crate::{
    domain::{
        ids::{EventId, OrderId, ShipmentId},
        shipment::{Consignment, Event, Parcel, Shipment},
        status::Status,
        tracking::TrackingNumber,
    },
    error::Error,
    store::{self, events::Told, shipments::Key},
};

/// How often a tracking number is drawn before that is given up. Of numbers with 12 digits, with a
/// million parcels under way, one in a million is taken: five in a row are no chance but a defect.
const DRAWS: usize = 5;

/// A shipment, and whether this call moved it.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) shipment: Shipment,
    pub(crate) moved: bool,
}

/// Makes the shipment of an order. A repeat gets that of the first time.
pub(crate) async fn create(
    pool: &PgPool,
    env: &Env,
    order: OrderId,
    consignment: &Consignment,
) -> Result<Outcome, Error> {
    for _ in 1..DRAWS {
        match try_create(pool, env, order, consignment).await {
            Err(Error::NumberTaken) => tracing::info!("a tracking number was taken"),
            outcome => return outcome,
        }
    }
    try_create(pool, env, order, consignment).await
}

async fn try_create(
    pool: &PgPool,
    env: &Env,
    order: OrderId,
    consignment: &Consignment,
) -> Result<Outcome, Error> {
    let now = env.now();
    let Consignment { service, weight, .. } = *consignment;
    let tracking_number = TrackingNumber::draw(service.carrier(), env.bytes());
    let parcel = Parcel { service, weight, tracking_number };
    let mut shipment = new(env, order, Status::Pending, now);
    let mut tx = pool.begin().await?;
    if !store::shipments::insert(&mut tx, &shipment).await? {
        let first = known(&mut tx, order).await?;
        let sent = store::parcels::consignment(&mut tx, &first).await?;
        first.repeat(sent.as_ref(), consignment)?;
        return Ok(Outcome { shipment: first, moved: false });
    }
    store::parcels::insert(&mut tx, shipment.id, &parcel, consignment).await?;
    write_event(&mut tx, env, shipment.id, &Event::of(Status::Pending), now).await?;
    tx.commit().await?;
    shipment.parcel = Some(parcel);
    Ok(Outcome { shipment, moved: true })
}

/// Calls the shipment of an order off. Of an order that has none, it is remembered that none may be made.
pub(crate) async fn cancel(pool: &PgPool, env: &Env, order: OrderId) -> Result<Outcome, Error> {
    let tombstone = new(env, order, Status::Cancelled, env.now());
    let mut tx = pool.begin().await?;
    let outcome = if store::shipments::insert(&mut tx, &tombstone).await? {
        Outcome { shipment: tombstone, moved: true }
    } else {
        let shipment = known(&mut tx, order).await?;
        carry_out(&mut tx, env, shipment, &Event::of(Status::Cancelled)).await?
    };
    tx.commit().await?;
    Ok(outcome)
}

/// Moves a shipment to where its carrier says that it is.
pub(crate) async fn update_status(
    pool: &PgPool,
    env: &Env,
    number: TrackingNumber,
    event: &Event,
) -> Result<Outcome, Error> {
    let mut tx = pool.begin().await?;
    let shipment = store::shipments::lock(&mut tx, &Key::Number(number)).await?;
    let shipment = shipment.ok_or(Error::NotFound("shipment"))?;
    let outcome = carry_out(&mut tx, env, shipment, event).await?;
    tx.commit().await?;
    Ok(outcome)
}

/// Moves one shipment on that has stood where it is since `since`, and tells where to; `None` when there
/// is none that no other replica is just working on.
pub(crate) async fn advance_one(
    pool: &PgPool,
    env: &Env,
    since: Timestamp,
) -> Result<Option<Status>, Error> {
    let mut tx = pool.begin().await?;
    let Some(shipment) = store::shipments::lock_waiting(&mut tx, since).await? else {
        return Ok(None);
    };
    // Those that are at their end are not found.
    let Some(next) = shipment.status.next() else { return Ok(None) };
    carry_out(&mut tx, env, shipment, &Event::of(next)).await?;
    tx.commit().await?;
    Ok(Some(next))
}

/// A shipment and what happened to it, newest first.
pub(crate) async fn track(
    pool: &PgPool,
    number: TrackingNumber,
) -> Result<(Shipment, Vec<Told>), Error> {
    let mut conn = pool.acquire().await?;
    let shipment = store::shipments::find(&mut conn, &Key::Number(number)).await?;
    let shipment = shipment.ok_or(Error::NotFound("shipment"))?;
    let events = store::events::of_shipment(&mut conn, shipment.id).await?;
    Ok((shipment, events))
}

async fn carry_out(
    conn: &mut PgConnection,
    env: &Env,
    shipment: Shipment,
    event: &Event,
) -> Result<Outcome, Error> {
    let now = env.now();
    let Some(moved) = shipment.moved(event.status, now)? else {
        return Ok(Outcome { shipment, moved: false });
    };
    store::shipments::set_status(conn, &moved, now).await?;
    write_event(conn, env, moved.id, event, now).await?;
    Ok(Outcome { shipment: moved, moved: true })
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

fn new(env: &Env, order: OrderId, status: Status, now: Timestamp) -> Shipment {
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

/// The shipment of an order that is known to have one, locked.
async fn known(conn: &mut PgConnection, order: OrderId) -> Result<Shipment, Error> {
    let shipment = store::shipments::lock(conn, &Key::Order(order)).await?;
    shipment.ok_or(Error::Stored("shipments.order_id"))
}
