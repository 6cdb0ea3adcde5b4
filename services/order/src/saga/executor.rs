//! Background executors of sagas, in every replica.

use std::{sync::Arc, time::Duration};

use kit::{Runtime, postgres::ListenEvent};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::{
    AfterStep, ClaimedSaga, Participants, RemoteServices, SagaKind, SagaStore, execute_step,
};
use crate::{error::Error, metrics::Metrics, transactions::OrderRepository};

/// The NOTIFY channel on which transactions announce work.
pub(crate) const CHANNEL: &str = "order_work";

/// How often executors poll without a notification. Polling finds retries, and sagas whose executor
/// crashed.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// Sagas of one kind that one process executes concurrently. They wait for other services most of
/// the time, so a few connections to PostgreSQL serve them.
const MAX_CONCURRENT_SAGAS: usize = 16;

/// Signals that wake the executors of each kind.
#[derive(Debug)]
pub(crate) struct WakeSignals([watch::Receiver<()>; SagaKind::ALL.len()]);

impl WakeSignals {
    /// Returns the signals and the task that forwards PostgreSQL's notifications to them.
    pub(crate) fn listen(
        mut signals: mpsc::Receiver<ListenEvent>,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let senders = SagaKind::ALL.map(|_| watch::Sender::new(()));
        let signals_by_kind = Self(SagaKind::ALL.map(|kind| senders[kind as usize].subscribe()));
        let worker = async move {
            while let Some(signal) = signals.recv().await {
                for kind in SagaKind::ALL.into_iter().filter(|kind| concerns(&signal, *kind)) {
                    senders[kind as usize].send_replace(());
                }
            }
        };
        (signals_by_kind, worker)
    }

    /// Returns the signal that wakes the executors of one kind.
    pub(crate) fn subscribe(&self, kind: SagaKind) -> WakeSignal {
        WakeSignal(self.0[kind as usize].clone())
    }
}

/// Whether a notification may concern sagas of this kind.
fn concerns(signal: &ListenEvent, kind: SagaKind) -> bool {
    match signal {
        ListenEvent::Listening => true,
        ListenEvent::Notified(payload) => payload.is_empty() || payload == kind.as_str(),
    }
}

/// Signal that wakes the executor of one kind.
#[derive(Debug)]
pub(crate) struct WakeSignal(watch::Receiver<()>);

impl WakeSignal {
    async fn wait_or_poll(&mut self) {
        // The sender is dropped while the process stops; fall back to polling.
        if let Ok(Err(_)) = timeout(POLL_INTERVAL, self.0.changed()).await {
            sleep(POLL_INTERVAL).await;
        }
    }
}

/// Executes due sagas of one kind until the process stops. Steps that are in progress at that time
/// are completed, so that no order waits for a lease to expire.
pub(crate) async fn run_executor(
    kind: SagaKind,
    repository: Arc<OrderRepository>,
    services: Arc<RemoteServices>,
    metrics: Metrics,
    mut wake: WakeSignal,
    runtime: Runtime,
) {
    let stopping = runtime.stopping();
    let mut running = JoinSet::new();
    while !stopping.is_cancelled() {
        while running.try_join_next().is_some() {}
        if running.len() >= MAX_CONCURRENT_SAGAS {
            running.join_next().await;
            continue;
        }
        match repository.claim(kind, None).await {
            Ok(Some(claimed)) => {
                let (repository, services) = (Arc::clone(&repository), Arc::clone(&services));
                running.spawn(run_saga(
                    repository,
                    services,
                    metrics.clone(),
                    claimed,
                    runtime.clone(),
                ));
            }
            Ok(None) => {
                stopping.run_until_cancelled(wake.wait_or_poll()).await;
            }
            // A saga that this version cannot read. It is leased by now and becomes due again when
            // the lease expires; other sagas do not wait for it.
            Err(error @ Error::UnknownStoredValue(_)) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "skipped an unreadable saga"
                );
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "claiming a saga failed");
                stopping.run_until_cancelled(sleep(POLL_INTERVAL)).await;
            }
        }
    }
    while running.join_next().await.is_some() {}
}

/// Executes a saga step by step while its next step is due.
async fn run_saga(
    repository: Arc<OrderRepository>,
    services: Arc<impl Participants>,
    metrics: Metrics,
    claimed: ClaimedSaga,
    runtime: Runtime,
) {
    let order = claimed.order.id;
    let mut next = Some(claimed);
    while let Some(claimed) = next {
        let is_stopping = || runtime.stopping().is_cancelled();
        let after_step = || if is_stopping() { AfterStep::Release } else { AfterStep::Continue };
        next = match execute_step(repository.as_ref(), services.as_ref(), &claimed, after_step)
            .await
        {
            Ok(result) => {
                metrics.record_step(&result);
                result.next()
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, %order, "recording the step failed; retried after the lease");
                None
            }
        };
    }
}
