//! Periodic jobs in addition to the saga executors: measure the backlog, and compare orders with
//! the other services.

use std::sync::Arc;
use std::time::Duration;

use kit::run_periodically;
use tokio::time::sleep;

use crate::api::STUCK_AFTER;
use crate::check::Checker;
use crate::error::Error;
use crate::metrics::Metrics;
use crate::store;
use crate::transactions::OrderRepository;

/// How often the backlog is measured: about as often as metrics are scraped.
const MEASURE_INTERVAL: Duration = Duration::from_secs(15);

/// Delay between two checks. A check makes at most 1,500 calls, one after the other.
const CHECK_INTERVAL: Duration = Duration::from_secs(5 * 60);

/// Measures the backlog until the task is cancelled.
pub(crate) async fn measure(repository: Arc<OrderRepository>, metrics: Metrics) {
    run_periodically(MEASURE_INTERVAL, || async {
        match backlog(&repository).await {
            Ok(backlog) => {
                metrics.set_backlog(&backlog);
                if backlog.stuck > 0 {
                    tracing::error!(
                        count = backlog.stuck,
                        "sagas are stuck and need an administrator"
                    );
                }
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "measuring the backlog failed");
            }
        }
    })
    .await;
}

async fn backlog(repository: &OrderRepository) -> Result<store::stats::Backlog, Error> {
    let now = repository.env.now();
    let mut conn = repository.pool.acquire().await?;
    store::stats::backlog(&mut conn, now, now - STUCK_AFTER).await
}

/// Compares orders with the other services until the task is cancelled.
pub(crate) async fn check(checker: Checker, metrics: Metrics) {
    loop {
        sleep(CHECK_INTERVAL).await;
        match checker.check().await {
            Ok(report) => {
                metrics.set_inconsistent(report.inconsistent());
                for finding in report.findings {
                    let (order, mismatch) = (finding.order, finding.mismatch);
                    tracing::error!(%order, mismatch, "order mismatch found");
                }
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "comparing orders with other services failed");
            }
        }
    }
}
