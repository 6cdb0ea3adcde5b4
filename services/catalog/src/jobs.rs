//! Background work: the sweeper of expired reservations, in every replica.

use std::time::Duration;

use kit::{Env, run_periodically};
use sqlx::PgPool;
use tokio::time::timeout;

use crate::domain::reservation::Ending;
use crate::error::Error;
use crate::metrics::Metrics;
use crate::transactions::reservations;

/// Maximum number of reservations that one sweep ends, each in a separate transaction. The rest
/// waits for the next sweep, so that requests get database time in between.
const MAX_PER_SWEEP: usize = 500;

/// Timeout for ending one reservation. It is above PostgreSQL's statement timeout, so that it only
/// ends waits for a connection that was lost silently.
const EXPIRY_TIMEOUT: Duration = Duration::from_secs(10);

/// Releases the units of expired reservations, forever. Replicas skip each other's rows (`SKIP
/// LOCKED`), and the next sweep handles the rows that a failed sweep left.
pub(crate) async fn sweep_reservations(pool: PgPool, env: Env, period: Duration, metrics: Metrics) {
    run_periodically(period, || async {
        match sweep(&pool, &env, &metrics).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "reservations expired"),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "reservation sweep failed"
                );
            }
        }
    })
    .await;
}

async fn sweep(pool: &PgPool, env: &Env, metrics: &Metrics) -> Result<usize, Error> {
    for count in 0..MAX_PER_SWEEP {
        let expiry = timeout(EXPIRY_TIMEOUT, reservations::expire_one(pool, env)).await;
        match expiry.unwrap_or_else(|_| Err(Error::TimedOut("ending an expired reservation")))? {
            Some(_) => metrics.observe_ending(Ending::Expire, &Ok(())),
            None => return Ok(count),
        }
    }
    Ok(MAX_PER_SWEEP)
}
