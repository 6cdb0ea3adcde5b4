//! Background jobs: the sweeper, which runs in every replica.

use std::time::Duration;

use jiff::SignedDuration;
use kit::{Env, run_periodically};
use sqlx::PgPool;
use tokio::time::timeout;

use crate::domain::network::NETWORK_LIFETIME;
use crate::domain::throttle::CLEAR_AFTER;
use crate::error::Error;
use crate::store;

/// Time between two sweeps. Expired rows have no effect; they only use space.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);

/// The maximum number of rows of a table that one statement deletes, so that it stays short.
const BATCH_ROWS: i64 = 1_000;

/// The maximum number of statements for a table in one sweep; the next sweep deletes the rest.
const MAX_BATCHES: usize = 20;

/// More than the clocks of two replicas differ.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(60);

/// The maximum time of one sweep.
const SWEEP_TIMEOUT: Duration = Duration::from_secs(60);

/// What the sweep keeps, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retention {
    /// Grace period of the reuse of refresh tokens.
    pub(crate) grace: SignedDuration,
    /// Lifetime of access tokens. An expired session is kept for this time: its access tokens may
    /// live longer than its refresh tokens, and signing out must still end it.
    pub(crate) access_token_ttl: SignedDuration,
    /// How long ended sessions are kept, by the clock of the database.
    pub(crate) ended_sessions: Duration,
}

/// Deletes expired rows periodically, without end, and the sealed successors of refresh tokens
/// whose grace period has ended. Replicas skip rows that another one has locked (`SKIP LOCKED`),
/// and the next sweep deletes what a failed one left.
pub(crate) async fn sweep(pool: PgPool, env: Env, retention: Retention) {
    run_periodically(SWEEP_INTERVAL, || async {
        let swept = sweep_once(&pool, &env, retention);
        let swept = timeout(SWEEP_TIMEOUT, swept).await;
        match swept.unwrap_or(Err(Error::TimedOut("sweep"))) {
            Ok(0) => {}
            Ok(rows) => tracing::info!(rows, "expired rows deleted"),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "sweep failed");
            }
        }
    })
    .await;
}

async fn sweep_once(pool: &PgPool, env: &Env, retention: Retention) -> Result<u64, Error> {
    let Retention { grace, access_token_ttl, ended_sessions } = retention;
    let now = env.now();
    let mut total = 0;
    for _ in 0..MAX_BATCHES {
        let mut conn = pool.acquire().await?;
        let swept = [
            store::sessions::sweep(&mut conn, now - access_token_ttl, BATCH_ROWS).await?,
            store::sessions::sweep_tokens(&mut conn, now, BATCH_ROWS).await?,
            // Later than the grace period of a replica whose clock is behind, or of a use that has
            // begun: a use in the grace period without a successor would begin a second chain.
            store::sessions::sweep_successors(&mut conn, now - grace - CLOCK_SKEW, BATCH_ROWS)
                .await?,
            store::ended_sessions::sweep(&mut conn, ended_sessions, BATCH_ROWS).await?,
            store::resets::sweep(&mut conn, now, BATCH_ROWS).await?,
            store::verifications::sweep(&mut conn, now, BATCH_ROWS).await?,
            store::verifications::sweep_allowances(&mut conn, now, BATCH_ROWS).await?,
            store::attempts::sweep(&mut conn, now - CLEAR_AFTER, BATCH_ROWS).await?,
            store::networks::sweep(&mut conn, now - NETWORK_LIFETIME, BATCH_ROWS).await?,
        ];
        let swept: u64 = swept.iter().sum();
        total += swept;
        if swept == 0 {
            break;
        }
    }
    Ok(total)
}
