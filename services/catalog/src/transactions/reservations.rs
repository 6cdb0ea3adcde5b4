//! Reserving stock for an order, and the ways in which that ends.

use jiff::SignedDuration;
use kit::Env;
use sqlx::{PgConnection, PgPool};

use crate::{
    domain::{
        ids::{OrderId, ReservationId},
        reservation::{Decision, Ending, Refusal, Reservation, State},
        stock::{Lines, MovementKind, Movements},
    },
    error::Error,
    store,
};

/// Puts all lines aside for an order until `ttl` is over, or none of them and tells which are short. A
/// repeat gets the reservation of the first time, as long as that is still true.
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
        let first = known(&mut tx, order).await?;
        first.repeat(&reservation.lines)?;
        return Ok(first);
    }
    let stock = store::stock::lock(&mut tx, reservation.lines.products()).await?;
    reservation.unavailable = reservation.lines.unavailable(&stock);
    if reservation.unavailable.is_empty() {
        let movements = Movements::of_order(MovementKind::Reserve, order, &reservation.lines);
        store::stock::apply(&mut tx, &movements, now).await?;
    } else {
        reservation.state = State::Refused;
        let Reservation { state, unavailable, .. } = &reservation;
        store::reservations::set_state(&mut tx, order, *state, unavailable, now).await?;
    }
    tx.commit().await?;
    Ok(reservation)
}

/// Ends the reservation of an order. The refusal of a commit that came too late commits too: units are
/// given back, and the answer stays what it is.
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
        None if tombstone(&mut tx, env, order).await? => return Ok(tx.commit().await?),
        // Reserved between the two statements.
        None => known(&mut tx, order).await?,
    };
    let decision = carry_out(&mut tx, env, &reservation, ending).await?;
    tx.commit().await?;
    Ok(decision.answer?)
}

/// Gives back the units of one reservation whose time ran out, and tells which; `None` when there is
/// none that no other replica is just working on.
pub(crate) async fn expire_one(pool: &PgPool, env: &Env) -> Result<Option<OrderId>, Error> {
    let mut tx = pool.begin().await?;
    let Some(reservation) = store::reservations::lock_due(&mut tx, env.now()).await? else {
        return Ok(None);
    };
    carry_out(&mut tx, env, &reservation, Ending::Expire).await?;
    tx.commit().await?;
    Ok(Some(reservation.order))
}

async fn carry_out(
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
            store::stock::apply(conn, &Movements::of_order(kind, *order, lines), now).await?;
        }
    }
    Ok(decision)
}

/// Remembers that nothing may be reserved for this order any more.
async fn tombstone(conn: &mut PgConnection, env: &Env, order: OrderId) -> Result<bool, Error> {
    let now = env.now();
    let released = Reservation {
        order,
        id: ReservationId(env.uuid()),
        state: State::Released,
        lines: Lines::stored([]),
        unavailable: Vec::new(),
        expires_at: now,
    };
    store::reservations::insert(conn, &released, now).await
}

/// The reservation of an order that is known to have one.
async fn known(conn: &mut PgConnection, order: OrderId) -> Result<Reservation, Error> {
    store::reservations::lock(conn, order).await?.ok_or(Error::Stored("reservations.order_id"))
}
