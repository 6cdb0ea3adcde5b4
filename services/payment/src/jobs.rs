//! Background jobs. They run in every replica: replicas skip rows that another one has locked, and
//! a failed run leaves its rows to the next one.

use std::error::Error as StdError;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use kit::Runtime;
use kit::postgres::{LeaseQueue, LeaseWorker, NextClaim, Wakeup};
use tokio::time::{Instant, timeout, timeout_at};

use crate::consistency::check_consistency_at;
use crate::domain::transaction::Transaction;
use crate::error::Error;
use crate::ledger::Ledger;
use crate::metrics::Metrics;

/// Settles one intent after the other. The poll interval is well below the delay after which an
/// intent is due; the rest of a round waits for the next one.
const SETTLE_WORKER: LeaseWorker = LeaseWorker {
    poll_interval: Duration::from_secs(1),
    batch_size: 1,
    max_in_flight: 1,
    round_limit: 100,
};

/// Timeout for one intent: two provider calls for it, two for its parent, and the database.
const INTENT_TIMEOUT: Duration = Duration::from_secs(30);

/// Interval between sweeps of expired authorizations. Captures check the expiry themselves.
const SWEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Timeout for one sweep. It is above the statement timeout of PostgreSQL, so that it only ends
/// waits for a connection that was lost silently.
const SWEEP_TIMEOUT: Duration = Duration::from_secs(10);

/// Interval between updates of the gauges: the usual scrape interval.
const GAUGES_INTERVAL: Duration = Duration::from_secs(15);

/// Interval between consistency checks; each check reads every row.
const CHECK_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// Settles due intents whose outcome is unknown, one after the other. Runs until it is cancelled.
pub(crate) async fn settle_intents(ledger: Ledger, runtime: Runtime) {
    let queue = Arc::new(IntentQueue(ledger));
    SETTLE_WORKER.run(queue, Wakeup::default(), runtime.stopping()).await;
}

/// The open intents, which are claimed by postponing them.
struct IntentQueue(Ledger);

/// A claimed intent, and until when the worker may process it.
struct ClaimedIntent {
    intent: Transaction,
    deadline: Instant,
}

impl LeaseQueue for IntentQueue {
    type Item = ClaimedIntent;
    type Error = Error;

    async fn claim(&self, _limit: usize) -> Result<Vec<ClaimedIntent>, Error> {
        let deadline = Instant::now() + INTENT_TIMEOUT;
        let timed_out = |_| Err(Error::TimedOut("claim an intent"));
        let claimed = timeout_at(deadline, self.0.claim_due()).await.unwrap_or_else(timed_out)?;
        Ok(claimed.map(|intent| ClaimedIntent { intent, deadline }).into_iter().collect())
    }

    async fn process(&self, item: ClaimedIntent) -> Result<NextClaim, Error> {
        let timed_out = |_| Err(Error::TimedOut("settle an intent"));
        let settled = timeout_at(item.deadline, self.0.settle_claimed(item.intent)).await;
        settled.unwrap_or_else(timed_out)?;
        Ok(NextClaim::Immediately)
    }
}

/// Expires authorizations and deletes old idempotency keys of payment methods. Runs until it is
/// cancelled.
pub(crate) async fn sweep(ledger: Ledger) {
    run_job(SWEEP_INTERVAL, "sweep failed", || async {
        let timed_out = |_| Err(Error::TimedOut("sweep"));
        timeout(SWEEP_TIMEOUT, ledger.sweep()).await.unwrap_or_else(timed_out)
    })
    .await;
}

/// Updates the gauges of open intents. Runs until it is cancelled.
pub(crate) async fn update_gauges(ledger: Ledger, metrics: Metrics) {
    run_job(GAUGES_INTERVAL, "counting open intents failed", || async {
        let timed_out = |_| Err(Error::TimedOut("count intents"));
        let counted = timeout(SWEEP_TIMEOUT, ledger.open_intents()).await;
        let (count, oldest) = counted.unwrap_or_else(timed_out)?;
        metrics.set_open_intents(count, oldest);
        Ok(())
    })
    .await;
}

/// Checks the consistency of all transactions. Runs until it is cancelled. An inconsistency is
/// logged as an error and raises an alert, because money is at stake.
pub(crate) async fn check_consistency(ledger: Ledger, metrics: Metrics) {
    run_job(CHECK_INTERVAL, "consistency check failed", || async {
        let timed_out = |_| Err(Error::TimedOut("check the transactions"));
        let checked =
            timeout(SWEEP_TIMEOUT, check_consistency_at(&ledger.pool, ledger.env.now())).await;
        let report = checked.unwrap_or_else(timed_out)?;
        metrics.set_inconsistencies(&report);
        if !report.is_consistent() {
            tracing::error!(?report, "inconsistent transactions found");
        }
        Ok(())
    })
    .await;
}

/// Runs a fallible job with [`kit::run_periodically`] and logs its errors as warnings.
async fn run_job<F>(period: Duration, failure: &'static str, mut run: impl FnMut() -> F)
where
    F: Future<Output = Result<(), Error>>,
{
    kit::run_periodically(period, || {
        let work = run();
        async {
            if let Err(error) = work.await {
                tracing::warn!(error = &error as &dyn StdError, "{failure}");
            }
        }
    })
    .await;
}
