//! Background work, in every replica: replicas pass over each other's rows, and what fails is left for
//! the next round.

use std::{error::Error as StdError, future::Future, time::Duration};

use tokio::time::timeout;

use crate::{check::check_at, error::Error, metrics::Metrics, transactions::Ledger};

/// How often open intents are looked for: well within the time after which one is due.
const INTENTS_EVERY: Duration = Duration::from_secs(1);

/// The most intents that one round asks the provider about; the rest waits for the next.
const MAX_INTENTS: usize = 100;

/// The longest time for one intent: two of its calls and two of its parent's, and the database.
const INTENT_TIMEOUT: Duration = Duration::from_secs(30);

/// How often authorisations are ended whose time ran out. Captures check the time themselves.
const SWEEP_EVERY: Duration = Duration::from_secs(5);

/// The longest time for one sweep: above what PostgreSQL allows its statements, so that it only ends
/// what waits for a connection that was lost in silence.
const SWEEP_TIMEOUT: Duration = Duration::from_secs(10);

/// How often open intents are counted: as often as metrics are read.
const GAUGES_EVERY: Duration = Duration::from_secs(15);

/// How often all transactions are checked: it reads every row.
const CHECK_EVERY: Duration = Duration::from_secs(5 * 60);

/// Asks the provider what became of intents without outcome, for ever.
pub(crate) async fn finish_intents(ledger: Ledger) {
    every(INTENTS_EVERY, "open intents could not be finished", || async {
        for _ in 0..MAX_INTENTS {
            let late = |_| Err(Error::TimedOut("finish an intent"));
            if !timeout(INTENT_TIMEOUT, ledger.finish_one()).await.unwrap_or_else(late)? {
                break;
            }
        }
        Ok(())
    })
    .await;
}

/// Ends authorisations whose time ran out, and forgets old keys of methods, for ever.
pub(crate) async fn sweep(ledger: Ledger) {
    every(SWEEP_EVERY, "the sweep failed", || async {
        let late = |_| Err(Error::TimedOut("sweep"));
        timeout(SWEEP_TIMEOUT, ledger.sweep()).await.unwrap_or_else(late)
    })
    .await;
}

/// Keeps the metrics of open intents fresh, for ever.
pub(crate) async fn watch_intents(ledger: Ledger, metrics: Metrics) {
    every(GAUGES_EVERY, "open intents could not be counted", || async {
        let late = |_| Err(Error::TimedOut("count intents"));
        let counted = timeout(SWEEP_TIMEOUT, ledger.open_intents()).await;
        let (count, oldest) = counted.unwrap_or_else(late)?;
        metrics.open(count, oldest);
        Ok(())
    })
    .await;
}

/// Checks that all transactions add up, for ever. A fault is an alert: money is at stake.
pub(crate) async fn check(ledger: Ledger, metrics: Metrics) {
    every(CHECK_EVERY, "the check failed", || async {
        let late = |_| Err(Error::TimedOut("check the transactions"));
        let checked = timeout(SWEEP_TIMEOUT, check_at(&ledger.pool, ledger.env.now())).await;
        let report = checked.unwrap_or_else(late)?;
        metrics.checked(&report);
        if !report.is_sound() {
            tracing::error!(?report, "transactions do not add up");
        }
        Ok(())
    })
    .await;
}

/// [`kit::run_periodically`] of rounds that may fail.
async fn every<F>(period: Duration, failure: &'static str, mut round: impl FnMut() -> F)
where
    F: Future<Output = Result<(), Error>>,
{
    kit::run_periodically(period, || {
        let work = round();
        async {
            if let Err(error) = work.await {
                tracing::warn!(error = &error as &dyn StdError, "{failure}");
            }
        }
    })
    .await;
}
