//! Background executors of sagas, in every replica.

use std::sync::Arc;
use std::time::Duration;

use kit::Runtime;
use kit::postgres::{LeaseQueue, LeaseWorker, ListenEvent, NextClaim, Wakeup};
use tokio::sync::mpsc;

use super::{AfterStep, ClaimedSaga, RemoteServices, SagaKind, SagaStore as _, execute_step};
use crate::error::Error;
use crate::metrics::Metrics;
use crate::transactions::OrderRepository;

/// The NOTIFY channel on which transactions announce work.
pub(crate) const CHANNEL: &str = "order_work";

/// Executes due sagas of one kind until the process stops. Steps that are in progress at that time
/// are completed, so that no order waits for a lease to expire.
///
/// Polling finds retries, and sagas whose executor crashed. One process executes at most 16 sagas
/// of one kind concurrently: they wait for other services most of the time, so a few connections to
/// PostgreSQL serve them.
pub(crate) const EXECUTOR: LeaseWorker = LeaseWorker {
    poll_interval: Duration::from_secs(1),
    batch_size: 1,
    max_in_flight: 16,
    round_limit: usize::MAX,
};

/// The wakeups of the executors of each kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wakeups([Wakeup; SagaKind::ALL.len()]);

impl Wakeups {
    /// Returns the wakeup of the executors of one kind.
    pub(crate) fn get(&self, kind: SagaKind) -> Wakeup {
        self.0[kind as usize].clone()
    }

    /// Forwards PostgreSQL's notifications to the executors that they concern, until the listener
    /// ends.
    pub(crate) async fn forward(self, mut events: mpsc::Receiver<ListenEvent>) {
        while let Some(event) = events.recv().await {
            for kind in SagaKind::ALL.into_iter().filter(|kind| concerns(&event, *kind)) {
                self.get(kind).wake();
            }
        }
    }
}

/// Whether a notification may concern sagas of this kind.
fn concerns(event: &ListenEvent, kind: SagaKind) -> bool {
    match event {
        ListenEvent::Listening => true,
        ListenEvent::Notified(payload) => payload.is_empty() || payload == kind.as_str(),
    }
}

/// The due sagas of one kind, and what is needed to execute them.
#[derive(Debug)]
pub(crate) struct SagaQueue {
    pub(crate) kind: SagaKind,
    pub(crate) repository: Arc<OrderRepository>,
    pub(crate) services: Arc<RemoteServices>,
    pub(crate) metrics: Metrics,
    pub(crate) runtime: Runtime,
}

impl LeaseQueue for SagaQueue {
    type Item = ClaimedSaga;
    type Error = Error;

    async fn claim(&self, _limit: usize) -> Result<Vec<ClaimedSaga>, Error> {
        while !self.is_stopping() {
            match self.repository.claim(self.kind, None).await {
                // A saga that this version cannot read. It is leased by now and becomes due again
                // when the lease expires; other sagas do not wait for it.
                Err(error @ Error::UnknownStoredValue(_)) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "skipped an unreadable saga");
                }
                claimed => return Ok(claimed?.into_iter().collect()),
            }
        }
        Ok(Vec::new())
    }

    /// Executes a saga step by step while its next step is due.
    async fn process(&self, claimed: ClaimedSaga) -> Result<NextClaim, Error> {
        let order = claimed.order.id;
        let after_step =
            || if self.is_stopping() { AfterStep::Release } else { AfterStep::Continue };
        let (repository, services) = (self.repository.as_ref(), self.services.as_ref());
        let mut next = Some(claimed);
        while let Some(claimed) = next {
            next = match execute_step(repository, services, &claimed, after_step).await {
                Ok(result) => {
                    self.metrics.record_step(&result);
                    result.next()
                }
                // The other sagas are executed without a wait.
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(
                        error, %order, "recording the step failed; retried after the lease"
                    );
                    None
                }
            };
        }
        Ok(NextClaim::Immediately)
    }
}

impl SagaQueue {
    fn is_stopping(&self) -> bool {
        self.runtime.stopping().is_cancelled()
    }
}
