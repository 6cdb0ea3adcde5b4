//! Background work beside the drivers: what waits is measured, and orders are compared with what the
//! other services say.

use std::{sync::Arc, time::Duration};

use kit::run_periodically;
use tokio::time::sleep;

use crate::{
    api::STUCK_AFTER, check::Checker, error::Error, metrics::Metrics, store, transactions::Records,
};

/// How often what waits is measured: as often as metrics are usually read.
const MEASURE_EVERY: Duration = Duration::from_secs(15);

/// Pause between two checks. A check is at most fifteen hundred calls, one after the other.
const CHECK_PAUSE: Duration = Duration::from_secs(5 * 60);

/// Measures what waits, for ever.
pub(crate) async fn measure(records: Arc<Records>, metrics: Metrics) {
    run_periodically(MEASURE_EVERY, || async {
        match backlog(&records).await {
            Ok(backlog) => {
                metrics.backlog(&backlog);
                if backlog.stuck > 0 {
                    tracing::error!(count = backlog.stuck, "flows are stuck and need people");
                }
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "what waits could not be measured");
            }
        }
    })
    .await;
}

async fn backlog(records: &Records) -> Result<store::stats::Backlog, Error> {
    let now = records.env.now();
    let mut conn = records.pool.acquire().await?;
    store::stats::backlog(&mut conn, now, now - STUCK_AFTER).await
}

/// Compares orders with the other services, for ever.
pub(crate) async fn check(checker: Checker, metrics: Metrics) {
    loop {
        sleep(CHECK_PAUSE).await;
        match checker.check().await {
            Ok(report) => {
                metrics.inconsistent(report.inconsistent());
                for finding in report.findings {
                    let (order, what) = (finding.order, finding.what);
                    tracing::error!(%order, what, "an order and another service disagree");
                }
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "orders could not be compared");
            }
        }
    }
}
