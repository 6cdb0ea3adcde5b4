//! Work queue in a table: a worker claims due rows with a lease, processes them and repeats.
//!
//! Every replica runs the worker. A claim leases rows until a time after which another worker may
//! claim them again, so that the rows of a crashed worker are not lost. Therefore the time limit of
//! processing must be shorter than the lease, and processing must be idempotent.
//!
//! New rows are announced by NOTIFY ([`super::listen`]) or by the process itself through a
//! [`Wakeup`]. Polling finds the rest: retries that become due, expired leases, and rows whose
//! notification was lost.

use super::ListenEvent;
use super::error::cause_of_worker_error;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinError, JoinSet};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

/// A table of work that is claimed by leases.
pub trait LeaseQueue: Send + Sync + 'static {
    /// A claimed row.
    type Item: Send + 'static;
    /// Why a claim failed, or why the result of an item could not be stored.
    type Error: Error + Send + Sync + 'static;

    /// Claims at most `limit` due rows and leases them to this worker.
    fn claim(
        &self,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Self::Item>, Self::Error>> + Send;

    /// Processes a claimed row and stores the result, within the lease. An error is logged and
    /// pauses the worker; the row is claimed again when its lease expires.
    fn process(
        &self,
        item: Self::Item,
    ) -> impl Future<Output = Result<NextClaim, Self::Error>> + Send;

    /// Runs at the end of each round without an error, before the worker waits; for metrics.
    fn round_completed(&self) -> impl Future<Output = Result<(), Self::Error>> + Send {
        async { Ok(()) }
    }
}

/// When the worker claims again after an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NextClaim {
    /// At once, if more rows are due.
    Immediately,
    /// At the next wakeup or poll, such as when the service that items are sent to is unavailable.
    AfterWait,
}

/// Wakes a [`LeaseWorker`] before its next poll. Wakeups during a round are combined into one that
/// follows it. Cheap to clone; clones wake the same worker.
#[derive(Clone, Debug, Default)]
pub struct Wakeup(Arc<Notify>);

impl Wakeup {
    /// Wakes the worker.
    pub fn wake(&self) {
        self.0.notify_one();
    }

    /// Wakes the worker on each event of a listener, until the listener ends.
    pub async fn on_events(self, mut events: mpsc::Receiver<ListenEvent>) {
        while events.recv().await.is_some() {
            self.wake();
        }
    }

    async fn wait(&self) {
        self.0.notified().await;
    }
}

/// A worker that claims rows of a [`LeaseQueue`] in rounds and processes them.
///
/// A round claims batches until a batch is not full, an item asks to wait, or the round limit is
/// reached. Then the worker waits for a wakeup or the poll interval.
#[derive(Clone, Copy, Debug)]
pub struct LeaseWorker {
    /// Longest time between two rounds.
    pub poll_interval: Duration,
    /// Maximum number of rows in one claim.
    pub batch_size: usize,
    /// Maximum number of rows that are processed concurrently, at least `batch_size`.
    pub max_in_flight: usize,
    /// Maximum number of rows in one round, so that other work gets its share of the database.
    pub round_limit: usize,
}

impl LeaseWorker {
    /// Runs the worker until `stopping` is cancelled, then completes the items in flight. Spawn it
    /// with [`crate::Runtime::spawn_stopping`]; [`crate::Runtime::spawn`] cancels the items in
    /// flight instead.
    ///
    /// A panic in the processing of an item does not end the worker: the panic hook logs it, and
    /// the row is claimed again when its lease expires.
    pub async fn run<Q: LeaseQueue>(
        self,
        queue: Arc<Q>,
        wakeup: Wakeup,
        stopping: CancellationToken,
    ) {
        let mut in_flight = JoinSet::new();
        while !stopping.is_cancelled() {
            if let Err(error) = self.round(&queue, &mut in_flight, &stopping).await {
                log(&error);
            }
            let wait = timeout(self.poll_interval, wakeup.wait());
            let waited = stopping.run_until_cancelled(wait).await;
            tracing::trace!(stopping = waited.is_none(), "wait ended");
        }
        while let Some(ended) = in_flight.join_next().await {
            next_claim(ended);
        }
    }

    async fn round<Q: LeaseQueue>(
        &self,
        queue: &Arc<Q>,
        in_flight: &mut InFlight<Q::Error>,
        stopping: &CancellationToken,
    ) -> Result<(), Q::Error> {
        // Items of the previous round that ended during the wait.
        while let Some(ended) = in_flight.try_join_next() {
            next_claim(ended);
        }
        let mut claimed = 0;
        while claimed < self.round_limit {
            if self.wait_for_capacity(in_flight).await == NextClaim::AfterWait {
                break;
            }
            if stopping.is_cancelled() {
                return Ok(());
            }
            let items = queue.claim(self.batch_size).await?;
            let is_full = items.len() >= self.batch_size;
            claimed += items.len();
            for item in items {
                let queue = Arc::clone(queue);
                let process = async move { queue.process(item).await };
                in_flight.spawn(process.in_current_span());
            }
            if !is_full {
                break;
            }
        }
        queue.round_completed().await
    }

    /// Waits until another batch may be in flight. Returns [`NextClaim::AfterWait`] if one of the
    /// items that ended meanwhile asks for it.
    async fn wait_for_capacity<E: Error + Send + Sync + 'static>(
        &self,
        in_flight: &mut InFlight<E>,
    ) -> NextClaim {
        let mut next = NextClaim::Immediately;
        while in_flight.len() + self.batch_size > self.max_in_flight.max(self.batch_size) {
            let Some(ended) = in_flight.join_next().await else { break };
            if next_claim(ended) == NextClaim::AfterWait {
                next = NextClaim::AfterWait;
            }
        }
        next
    }
}

type InFlight<E> = JoinSet<Result<NextClaim, E>>;

/// Evaluates the outcome of an item.
fn next_claim<E: Error + 'static>(ended: Result<Result<NextClaim, E>, JoinError>) -> NextClaim {
    match ended {
        Ok(Ok(next)) => next,
        Ok(Err(error)) => {
            log(&error);
            NextClaim::AfterWait
        }
        // The panic hook has logged it.
        Err(_panic) => NextClaim::Immediately,
    }
}

fn log(error: &(dyn Error + 'static)) {
    let cause = cause_of_worker_error(error);
    tracing::warn!(error, cause, "lease worker failed; it retries after the poll interval");
}

#[cfg(test)]
mod tests;
