//! How long entries are kept.

use std::time::Duration;

use clap::Args as ClapArgs;
use jiff::SignedDuration;
use kit::settings::duration_between;
use kit::{Env, run_periodically};
use sqlx::PgPool;

use crate::store;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Time between two sweeps.
const SWEEP_INTERVAL: Duration = Duration::from_secs(3600);
/// Maximum number of entries that one statement deletes, so that it stays short.
const BATCH_ROWS: i64 = 1_000;
/// Maximum number of statements of one sweep; the next sweep deletes the rest.
const MAX_BATCHES: usize = 100;

/// Settings of the audit log.
#[derive(Clone, Debug, ClapArgs)]
#[group(skip)]
pub struct Args {
    /// How long entries of the audit log are kept, 1 day to 10 years.
    #[arg(
        long,
        env = "AUDIT_RETENTION",
        default_value = "400d",
        value_parser = duration_between(DAY, DAY * 3653),
    )]
    pub audit_retention: Duration,
}

/// Deletes old entries periodically, forever. Replicas skip rows that another one has locked.
pub async fn sweep(pool: PgPool, env: Env, args: Args) {
    run_periodically(SWEEP_INTERVAL, || async {
        match sweep_once(&pool, &env, &args).await {
            Ok(0) => {}
            Ok(entries) => tracing::info!(entries, "old entries of the audit log deleted"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "sweep of the audit log failed");
            }
        }
    })
    .await;
}

async fn sweep_once(pool: &PgPool, env: &Env, args: &Args) -> Result<u64, sqlx::Error> {
    let retention = SignedDuration::try_from(args.audit_retention).unwrap_or(SignedDuration::MAX);
    let Ok(oldest) = env.now().checked_sub(retention) else { return Ok(0) };
    let mut total = 0;
    for _ in 0..MAX_BATCHES {
        let mut conn = pool.acquire().await?;
        let deleted = store::delete_older(&mut conn, oldest, BATCH_ROWS).await?;
        total += deleted;
        if deleted == 0 {
            break;
        }
    }
    Ok(total)
}
