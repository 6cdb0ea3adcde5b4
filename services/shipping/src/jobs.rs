//! Background work: the carrier that is played, in every replica.

use std::time::Duration;

use jiff::SignedDuration;
use kit::{Env, run_periodically};
use sqlx::PgPool;
use tokio::time::timeout;

use crate::{domain::status::Status, error::Error, metrics::Metrics, transactions::shipments};

/// How often is looked for shipments to move, unless their steps are shorter.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The most shipments that are moved at one look, each in a transaction of its own. The rest waits for
/// the next: requests get the database's time in between.
const MAX_PER_LOOK: usize = 500;

/// The longest time for one of them: above what PostgreSQL allows its statements, so that it only ends
/// what waits for a connection that was lost in silence.
const MOVE_TIMEOUT: Duration = Duration::from_secs(10);

/// Moves each shipment on that has stood where it is for `step`, for ever. Replicas pass over each other's
/// rows (`SKIP LOCKED`), and a failed look leaves its rows for the next.
pub(crate) async fn play_carrier(pool: PgPool, env: Env, step: Duration, metrics: Metrics) {
    let period = step.min(LOOK_EVERY);
    // A day at most, by the settings.
    let step = SignedDuration::try_from(step).unwrap_or(SignedDuration::MAX);
    run_periodically(period, || async {
        match look(&pool, &env, step, &metrics).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "shipments moved on"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "the carrier failed to move a shipment");
            }
        }
    })
    .await;
}

async fn look(
    pool: &PgPool,
    env: &Env,
    step: SignedDuration,
    metrics: &Metrics,
) -> Result<usize, Error> {
    for count in 0..MAX_PER_LOOK {
        match move_one(pool, env, step).await? {
            Some(status) => metrics.reached(status),
            None => return Ok(count),
        }
    }
    Ok(MAX_PER_LOOK)
}

async fn move_one(pool: &PgPool, env: &Env, step: SignedDuration) -> Result<Option<Status>, Error> {
    let Ok(since) = env.now().checked_sub(step) else { return Ok(None) };
    let moved = timeout(MOVE_TIMEOUT, shipments::advance_one(pool, env, since)).await;
    moved.unwrap_or_else(|_| Err(Error::TimedOut("move a shipment")))
}
