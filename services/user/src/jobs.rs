//! Background work: the sweeper, in every replica.

use std::time::Duration;

use kit::{Env, run_periodically};
use sqlx::PgPool;
use tokio::time::timeout;

use crate::{domain::throttle::FORGET_AFTER, error::Error, store};

/// Time between two sweeps. What is swept has no effect any more; it only takes up room.
const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// Rows of one kind that go in one statement, so that it stays short.
const BATCH: i64 = 1_000;

/// Statements of one sweep at most for each kind; the rest waits for the next.
const MAX_BATCHES: usize = 20;

/// The longest time for one sweep.
const MAX_SWEEP: Duration = Duration::from_secs(60);

/// Deletes what expired, for ever. Replicas pass over each other's rows (`SKIP LOCKED`), and a failed
/// sweep leaves its rows for the next.
pub(crate) async fn sweep(pool: PgPool, env: Env) {
    run_periodically(SWEEP_EVERY, || async {
        let swept = timeout(MAX_SWEEP, sweep_once(&pool, &env)).await;
        match swept.unwrap_or(Err(Error::TimedOut("sweep"))) {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "what expired was deleted"),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the sweep failed");
            }
        }
    })
    .await;
}

async fn sweep_once(pool: &PgPool, env: &Env) -> Result<u64, Error> {
    let now = env.now();
    let mut total = 0;
    for _ in 0..MAX_BATCHES {
        let mut conn = pool.acquire().await?;
        let swept = [
            store::sessions::sweep(&mut conn, now, BATCH).await?,
            store::sessions::sweep_tokens(&mut conn, now, BATCH).await?,
            store::resets::sweep(&mut conn, now, BATCH).await?,
            store::attempts::sweep(&mut conn, now - FORGET_AFTER, BATCH).await?,
        ];
        let swept: u64 = swept.iter().sum();
        total += swept;
        if swept == 0 {
            break;
        }
    }
    Ok(total)
}
