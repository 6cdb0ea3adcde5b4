//! Reserving stock for an order, and ending the reservation.

use jiff::SignedDuration;
use kit::Env;
use sqlx::{PgConnection, PgPool};

use crate::domain::ids::{OrderId, ReservationId};
use crate::domain::reservation::{Decision, Ending, Refusal, Reservation, State};
use crate::domain::stock::{Lines, MovementKind, Movements};
use crate::error::Error;
use crate::store;

/// Reserves all lines of an order for `ttl`. If a product is unavailable, reserves nothing and
/// returns the unavailable products. A repeated request returns the first reservation while it is
/// valid.
pub(crate) async fn reserve(
    pool: &PgPool,
    env: &Env,
    order: OrderId,
    lines: Lines,
    ttl: SignedDuration,
) -> Result<Reservation, Error> {
    let now = env.now();
    let mut reservation = Reservation {
        order,
        id: ReservationId(env.uuid()),
        state: State::Held,
        lines,
        unavailable: Vec::new(),
        expires_at: now + ttl,
    };
    let mut tx = pool.begin().await?;
    if !store::reservations::insert(&mut tx, &reservation, now).await? {
        let first = lock_existing(&mut tx, order).await?;
        first.repeat(&reservation.lines)?;
        return Ok(first);
    }
    let stock = store::stock::lock(&mut tx, reservation.lines.products()).await?;
    reservation.unavailable = reservation.lines.unavailable(&stock);
    if reservation.unavailable.is_empty() {
        let movements = Movements::for_order(MovementKind::Reserve, order, &reservation.lines);
        store::stock::apply(&mut tx, &movements, now).await?;
    } else {
        reservation.state = State::Refused;
        let Reservation { state, unavailable, .. } = &reservation;
        store::reservations::set_state(&mut tx, order, *state, unavailable, now).await?;
    }
    tx.commit().await?;
    Ok(reservation)
}

/// Ends the reservation of an order. A commit after the expiry is refused. The same transaction
/// records the expiry and releases the units, so that a repeated commit is refused too.
pub(crate) async fn end(
    pool: &PgPool,
    env: &Env,
    order: OrderId,
    ending: Ending,
) -> Result<(), Error> {
    let mut tx = pool.begin().await?;
    let reservation = match store::reservations::lock(&mut tx, order).await? {
        Some(reservation) => reservation,
        None if ending == Ending::Commit => return Err(Refusal::NeverReserved.into()),
        None if insert_tombstone(&mut tx, env, order).await? => return Ok(tx.commit().await?),
        // Another transaction reserved between the two statements.
        None => lock_existing(&mut tx, order).await?,
    };
    let decision = apply(&mut tx, env, &reservation, ending).await?;
    tx.commit().await?;
    Ok(decision.result?)
}

/// Releases the units of one expired reservation and returns its order; `None` if no reservation
/// has expired, apart from those that other replicas have locked.
pub(crate) async fn expire_one(pool: &PgPool, env: &Env) -> Result<Option<OrderId>, Error> {
    let mut tx = pool.begin().await?;
    let Some(reservation) = store::reservations::lock_due(&mut tx, env.now()).await? else {
        return Ok(None);
    };
    apply(&mut tx, env, &reservation, Ending::Expire).await?;
    tx.commit().await?;
    Ok(Some(reservation.order))
}

async fn apply(
    conn: &mut PgConnection,
    env: &Env,
    reservation: &Reservation,
    ending: Ending,
) -> Result<Decision, Error> {
    let now = env.now();
    let decision = reservation.end(ending, now);
    if let Some((state, kind)) = decision.change {
        let Reservation { order, lines, unavailable, .. } = reservation;
        store::reservations::set_state(conn, *order, state, unavailable, now).await?;
        if let Some(kind) = kind {
            store::stock::apply(conn, &Movements::for_order(kind, *order, lines), now).await?;
        }
    }
    Ok(decision)
}

/// Inserts a tombstone: a later reserve for this order is refused.
async fn insert_tombstone(
    conn: &mut PgConnection,
    env: &Env,
    order: OrderId,
) -> Result<bool, Error> {
    let now = env.now();
    let released = Reservation {
        order,
        id: ReservationId(env.uuid()),
        state: State::Released,
        lines: Lines::from_stored([]),
        unavailable: Vec::new(),
        expires_at: now,
    };
    store::reservations::insert(conn, &released, now).await
}

/// The reservation of an order that must have one.
async fn lock_existing(conn: &mut PgConnection, order: OrderId) -> Result<Reservation, Error> {
    store::reservations::lock(conn, order)
        .await?
        .ok_or(Error::UnknownStoredValue("reservations.order_id"))
}
