//! Background work: the sweeper, in every replica.

use std::time::Duration;

use kit::{Env, run_periodically};
use sqlx::PgPool;
use tokio::time::timeout;

use crate::{
    domain::reservation::Ending, error::Error, metrics::Metrics, transactions::reservations,
};

/// The most reservations that one sweep ends, each in a transaction of its own. The rest waits for the
/// next: requests get the database's time in between.
const MAX_PER_SWEEP: usize = 500;

/// The longest time for one of them: above what PostgreSQL allows its statements, so that it only ends
/// what waits for a connection that was lost in silence.
const EXPIRY_TIMEOUT: Duration = Duration::from_secs(10);

/// Gives back the units of reservations whose time ran out, for ever. Replicas pass over each other's
/// rows (`SKIP LOCKED`), and a failed sweep leaves its rows for the next.
pub(crate) async fn sweep_reservations(pool: PgPool, env: Env, period: Duration, metrics: Metrics) {
    run_periodically(period, || async {
        match sweep(&pool, &env, &metrics).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "reservations ran out"),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the sweep failed");
            }
        }
    })
    .await;
}

async fn sweep(pool: &PgPool, env: &Env, metrics: &Metrics) -> Result<usize, Error> {
    for count in 0..MAX_PER_SWEEP {
        let expiry = timeout(EXPIRY_TIMEOUT, reservations::expire_one(pool, env)).await;
        match expiry.unwrap_or_else(|_| Err(Error::TimedOut("end a reservation")))? {
            Some(_) => metrics.ended(Ending::Expire, &Ok(())),
            None => return Ok(count),
        }
    }
    Ok(MAX_PER_SWEEP)
}
