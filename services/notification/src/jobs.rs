//! Background jobs of every replica: the delivery worker, the expiry of overdue mails, the metrics
//! of the queue, and retention.
//!
//! The worker leases a batch of mails and commits, sends them to the mail server, and records the
//! results. If it dies in between, the leases expire and any replica takes the mails over. So an
//! attempt plus the recording of its result must be shorter than the lease: then no two workers
//! send the same mail at the same time.

use std::time::Duration;

use jiff::SignedDuration;
use kit::postgres::{LeaseQueue, LeaseWorker, NextClaim, traced};
use kit::{Env, run_periodically};
use sqlx::PgPool;
use tokio::time::{Instant, sleep, timeout};

use crate::domain::content::Content;
use crate::domain::delivery::{self, AttemptResult, NextState};
use crate::error::Error;
use crate::mail::Mailer;
use crate::metrics::{Metrics, Outcome};
use crate::store;
use crate::store::queue::{Lease, LeasedMail};

/// Concurrent deliveries, each over its own connection: few enough for small mail servers.
const MAX_CONCURRENT_DELIVERIES: usize = 8;
/// The maximum time of a delivery attempt. RFC 5321 recommends to wait for minutes; a retry is
/// cheaper than to wait for so slow a server.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(45);
/// The maximum time to record the result of an attempt while PostgreSQL is unavailable.
const RECORD_TIMEOUT: Duration = Duration::from_secs(45);
/// The lease of a mail, during which no other worker takes it.
const LEASE_DURATION: Duration = Duration::from_secs(120);
const _: () = assert!(
    ATTEMPT_TIMEOUT.as_secs() + RECORD_TIMEOUT.as_secs() + STEP_TIMEOUT.as_secs()
        < LEASE_DURATION.as_secs()
);
/// The maximum time of one database step. It exceeds PostgreSQL's statement timeout, so that it
/// only ends a step whose connection was lost silently.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);
/// Delay between two attempts to record a result.
const RECORD_RETRY_DELAY: Duration = Duration::from_millis(500);
/// Time between two measurements of the queue.
const MEASURE_INTERVAL: Duration = Duration::from_secs(10);
/// Time between two runs of the retention job.
const RETENTION_INTERVAL: Duration = Duration::from_secs(60);

/// The maximum number of rows that one run deletes, so that the statement stays short: a million a
/// day.
const MAX_DELETED_PER_RUN: i64 = 1000;

/// Metric label of mails whose content was written by a newer version and cannot be parsed.
const UNKNOWN_KIND: &str = "unknown";

/// The queue of mails, and what is needed to deliver them.
pub(crate) struct DeliveryQueue {
    pub(crate) pool: PgPool,
    pub(crate) env: Env,
    pub(crate) mailer: Mailer,
    pub(crate) metrics: Metrics,
    pub(crate) max_attempts: i32,
}

/// Returns the delivery worker. Its wakeups announce the new mails of this replica's API; it finds
/// the mails of other replicas by polling. At shutdown, deliveries in progress are completed and
/// recorded if that is quick.
pub(crate) fn delivery_worker(poll_interval: Duration) -> LeaseWorker {
    LeaseWorker {
        poll_interval,
        batch_size: MAX_CONCURRENT_DELIVERIES,
        max_in_flight: MAX_CONCURRENT_DELIVERIES,
        round_limit: usize::MAX,
    }
}

impl LeaseQueue for DeliveryQueue {
    type Item = (LeasedMail, Lease);
    type Error = Error;

    async fn claim(&self, limit: usize) -> Result<Vec<Self::Item>, Error> {
        let (now, limit) = (self.env.now(), i64::try_from(limit).unwrap_or(1));
        let length = SignedDuration::try_from(LEASE_DURATION).unwrap_or(SignedDuration::MAX);
        let until = now.saturating_add(length).unwrap_or(now);
        let lease = Lease { id: self.env.uuid(), until };
        let leasing = async {
            let mut conn = self.pool.acquire().await?;
            store::queue::lease(&mut conn, now, lease, self.max_attempts, limit).await
        };
        let batch = with_step_timeout("lease mails", leasing).await?;
        Ok(batch.into_iter().map(|mail| (mail, lease)).collect())
    }

    async fn process(&self, (mail, lease): Self::Item) -> Result<NextClaim, Error> {
        self.deliver(mail, lease).await;
        Ok(NextClaim::Immediately)
    }
}

impl DeliveryQueue {
    async fn deliver(&self, mail: LeasedMail, lease: Lease) {
        let LeasedMail { id, recipient, content, attempts, created_at, expires_at } = mail;
        let kind = content.as_ref().map_or(UNKNOWN_KIND, Content::kind);
        let (attempt, code) = match content {
            Some(content) => {
                let sending = self.mailer.send(id.0, created_at, &recipient, &content);
                attempt_result(timeout(ATTEMPT_TIMEOUT, traced("notification.smtp", sending)).await)
            }
            None => (AttemptResult::Deferred("written by a newer version".to_owned()), None),
        };
        let now = self.env.now();
        let next = delivery::next_state(attempt, (attempts, self.max_attempts), now, expires_at);
        let outcome = match &next {
            NextState::Sent => Outcome::Sent,
            NextState::Failed(_) => Outcome::Failed,
            NextState::Retry { .. } => Outcome::Deferred,
        };
        self.metrics.record_outcome(kind, outcome);
        let label = outcome.as_str();
        match outcome {
            Outcome::Sent => tracing::info!(%id, kind, attempts, outcome = label, "mail delivered"),
            _ => tracing::warn!(
                %id, kind, attempts, outcome = label, smtp.code = code,
                "mail delivery attempt failed"
            ),
        }
        self.record_result(id, lease, &next).await;
    }

    /// Records the result, with retries while the lease allows it. A mail whose result is not
    /// recorded is sent again.
    async fn record_result(
        &self,
        id: crate::domain::NotificationId,
        lease: Lease,
        next: &NextState,
    ) {
        let end = Instant::now() + RECORD_TIMEOUT;
        loop {
            let recording = async {
                let mut conn = self.pool.acquire().await?;
                store::queue::record_result(&mut conn, id, lease, self.env.now(), next).await
            };
            let recording = traced("notification.note", recording);
            match with_step_timeout("record a delivery", recording).await {
                Ok(true) => return,
                Ok(false) => return tracing::warn!(%id, "lease lost, delivery result discarded"),
                Err(error) if Instant::now() < end => {
                    let error = &error as &dyn std::error::Error;
                    tracing::debug!(error, "delivery result not recorded, retrying");
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    return tracing::error!(error, %id, "delivery result not recorded");
                }
            }
            sleep(RECORD_RETRY_DELAY).await;
        }
    }
}

/// Converts the result of an attempt, and returns it with the server's reply code.
fn attempt_result(
    sent: Result<Result<(), crate::mail::SendFailure>, tokio::time::error::Elapsed>,
) -> (AttemptResult, Option<u16>) {
    match sent {
        Ok(Ok(())) => (AttemptResult::Accepted, None),
        Ok(Err(failure)) if failure.is_permanent => {
            (AttemptResult::Rejected(failure.text), failure.code)
        }
        Ok(Err(failure)) => (AttemptResult::Deferred(failure.text), failure.code),
        Err(_) => {
            (AttemptResult::Deferred("the mail server did not respond in time".to_owned()), None)
        }
    }
}

async fn with_step_timeout<T>(
    what: &'static str,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    timeout(STEP_TIMEOUT, work).await.unwrap_or_else(|_| Err(Error::TimedOut(what)))
}

/// Fails mails that have expired or exhausted their attempts, periodically without end.
pub(crate) async fn fail_overdue(
    pool: PgPool,
    env: Env,
    metrics: Metrics,
    max_attempts: i32,
    period: Duration,
) {
    run_periodically(period, || async {
        let failing = async {
            let mut conn = pool.acquire().await?;
            let now = env.now();
            for kind in store::queue::expire(&mut conn, now).await? {
                metrics.record_outcome(&kind, Outcome::Expired);
                tracing::warn!(kind, "mail expired");
            }
            for kind in store::queue::fail_exhausted(&mut conn, now, max_attempts).await? {
                metrics.record_outcome(&kind, Outcome::Failed);
                tracing::warn!(kind, "mail failed: attempts exhausted");
            }
            Ok(())
        };
        if let Err(error) = with_step_timeout("fail overdue mails", failing).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "overdue mails not updated");
        }
    })
    .await;
}

/// Updates the metrics of the queue periodically, without end.
pub(crate) async fn measure_queue(pool: PgPool, env: Env, metrics: Metrics) {
    run_periodically(MEASURE_INTERVAL, || async {
        let measuring = async {
            let mut conn = pool.acquire().await?;
            store::queue::depth(&mut conn).await
        };
        match with_step_timeout("measure the queue", measuring).await {
            Ok((queued, oldest)) => {
                let age = oldest.map_or(0, |oldest| env.now().duration_since(oldest).as_secs());
                metrics.set_queue(queued, age.max(0));
            }
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "queue not measured");
            }
        }
    })
    .await;
}

/// Deletes sent and failed mails that are older than `keep` (retention), periodically without end.
pub(crate) async fn delete_old(pool: PgPool, env: Env, keep: Duration) {
    let keep = SignedDuration::try_from(keep).unwrap_or(SignedDuration::MAX);
    run_periodically(RETENTION_INTERVAL, || async {
        let Ok(before) = env.now().checked_sub(keep) else { return };
        let deleting = async {
            let mut conn = pool.acquire().await?;
            store::queue::delete_old(&mut conn, before, MAX_DELETED_PER_RUN).await
        };
        match with_step_timeout("delete old mails", deleting).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "old mails deleted"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "old mails not deleted");
            }
        }
    })
    .await;
}
