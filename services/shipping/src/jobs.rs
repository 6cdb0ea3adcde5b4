//! Background job: the simulated carrier, in every replica.

use std::time::Duration;

use jiff::SignedDuration;
use kit::{Env, run_periodically};
use sqlx::PgPool;
use tokio::time::timeout;

use crate::domain::status::Status;
use crate::error::Error;
use crate::metrics::Metrics;
use crate::shipments;

/// Longest interval between two searches for due shipments; shorter if a step is shorter.
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(5);

/// Maximum number of shipments that one run advances, each in its own transaction. The rest waits
/// for the next run, so that requests get database time in between.
const MAX_PER_RUN: usize = 500;

/// Timeout for one shipment. It is above the statement timeout of PostgreSQL, so that it only ends
/// waits for a connection that was lost silently.
const ADVANCE_TIMEOUT: Duration = Duration::from_secs(10);

/// Advances each shipment whose status has not changed for `step`. Runs until it is cancelled.
/// Replicas skip rows that another one has locked (`SKIP LOCKED`), and a failed run leaves its rows
/// to the next one.
pub(crate) async fn simulate_carrier(pool: PgPool, env: Env, step: Duration, metrics: Metrics) {
    let period = step.min(MAX_POLL_INTERVAL);
    // The settings limit a step to one day.
    let step = SignedDuration::try_from(step).unwrap_or(SignedDuration::MAX);
    run_periodically(period, || async {
        match advance_due(&pool, &env, step, &metrics).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "simulated carrier advanced shipments"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "simulated carrier failed to advance a shipment");
            }
        }
    })
    .await;
}

async fn advance_due(
    pool: &PgPool,
    env: &Env,
    step: SignedDuration,
    metrics: &Metrics,
) -> Result<usize, Error> {
    for count in 0..MAX_PER_RUN {
        match advance_next(pool, env, step).await? {
            Some(status) => metrics.count_status(status),
            None => return Ok(count),
        }
    }
    Ok(MAX_PER_RUN)
}

async fn advance_next(
    pool: &PgPool,
    env: &Env,
    step: SignedDuration,
) -> Result<Option<Status>, Error> {
    let Ok(since) = env.now().checked_sub(step) else { return Ok(None) };
    let result = timeout(ADVANCE_TIMEOUT, shipments::advance_next(pool, env, since)).await;
    result.unwrap_or_else(|_| Err(Error::TimedOut("advance a shipment")))
}
