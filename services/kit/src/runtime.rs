//! The interface between a component and its process.

use crate::grpc::Tls;
use crate::metrics::{Families, Metrics};
use crate::readiness::{Readiness, ReadyGate};
use crate::{Env, Error};
use futures::FutureExt as _;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::Instrument as _;

/// A component's view of its process: the [`Env`], metrics under its name, readiness, tracked
/// workers, and the two phases of graceful shutdown: *draining* (accept no new work) and *stopping*
/// (end background work).
///
/// Cheap to clone. Several components may run in one process (`shop all`); each creates its own
/// view with [`Runtime::component`] at the start of `serve`.
#[derive(Clone, Debug)]
pub struct Runtime {
    /// Time, ids and randomness.
    pub env: Env,
    component: &'static str,
    metrics: Metrics,
    readiness: Readiness,
    draining: CancellationToken,
    stopping: CancellationToken,
    workers: TaskTracker,
    http_servers: TaskTracker,
    failed: CancellationToken,
    failure: Arc<Mutex<Option<Error>>>,
    tls: Option<Tls>,
    trace_sample_ratio: f64,
}

impl Runtime {
    pub(crate) fn new(component: &'static str, env: Env) -> Self {
        Self {
            env,
            component,
            metrics: Metrics::new(component),
            readiness: Readiness::default(),
            draining: CancellationToken::new(),
            stopping: CancellationToken::new(),
            workers: TaskTracker::new(),
            http_servers: TaskTracker::new(),
            failed: CancellationToken::new(),
            failure: Arc::default(),
            tls: None,
            trace_sample_ratio: 1.0,
        }
    }

    /// Returns a runtime with TLS for the gRPC servers and clients that are created from it.
    pub(crate) fn with_tls(self, tls: Option<Tls>) -> Self {
        Self { tls, ..self }
    }

    /// Returns a runtime that samples this share of the traces of clients, 0 to 1.
    pub(crate) fn with_trace_sample_ratio(self, trace_sample_ratio: f64) -> Self {
        Self { trace_sample_ratio, ..self }
    }

    /// Decides at random whether the trace of a client is sampled. The trace id, which the client
    /// chooses, has no influence.
    pub(crate) fn samples_trace(&self) -> bool {
        // 2^53 numbers, which f64 represents exactly, evenly spread over 0 to 1, exclusive.
        let random = (self.env.random() >> 11) as f64 / (1_u64 << 53) as f64;
        random < self.trace_sample_ratio
    }

    pub(crate) fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// A runtime without a process: no telemetry, no admin port, the system clock.
    #[must_use]
    pub fn for_tests() -> Self {
        Self::new("test", Env::system())
    }

    /// Returns the view of the component `name`: its metrics, logs and workers have that name.
    #[must_use]
    pub fn component(&self, name: &'static str) -> Self {
        Self { component: name, metrics: self.metrics.component(name), ..self.clone() }
    }

    /// The name of this component in logs and metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.component
    }

    /// The registry for the component's own metric families.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub(crate) fn families(&self) -> &Arc<Families> {
        self.metrics.families()
    }

    /// Adds a gate that keeps `/readyz` at "not ready" until it is opened. The servers of this
    /// crate have one each; a component needs its own only for work that must precede serving.
    #[must_use]
    pub fn readiness(&self, name: &str) -> ReadyGate {
        self.readiness.gate(name)
    }

    pub(crate) fn ready(&self) -> Result<(), String> {
        self.readiness.check()
    }

    /// Completes when the process drains: servers stop accepting and complete the requests in
    /// flight.
    pub fn draining(&self) -> WaitForCancellationFutureOwned {
        self.draining.clone().cancelled_owned()
    }

    /// Whether the process is draining.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// The token that is cancelled after the servers have drained: background work ends.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Runs `worker` in the background until it ends or the process stops, when it is dropped at
    /// its current await. A worker that must not be interrupted there uses
    /// [`Runtime::spawn_stopping`] and watches [`Runtime::stopping`].
    pub fn spawn<F>(&self, name: &'static str, worker: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stopping = self.stopping();
        self.spawn_stopping(name, async move {
            let completed = stopping.run_until_cancelled(worker).await.is_some();
            tracing::debug!(completed, "worker ended");
        });
    }

    /// Runs `worker` in the background. It must end soon after [`Runtime::stopping`] is cancelled:
    /// the process waits for it for a limited time. A worker that panics ends the process, because
    /// its absence would otherwise be noticed only much later.
    pub fn spawn_stopping<F>(&self, name: &'static str, worker: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let span = tracing::error_span!("worker", component = self.component, worker = name);
        let failed = self.failed.clone();
        let supervised = async move {
            // The panic hook has logged it.
            if AssertUnwindSafe(worker).catch_unwind().await.is_err() {
                failed.cancel();
            }
        };
        self.workers.spawn(supervised.instrument(span));
    }

    /// Ends the process with this error, after a graceful shutdown. The first error counts.
    pub(crate) fn fail(&self, error: Error) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.failed.cancel();
    }

    /// Completes when a worker has failed or panicked, with the reason.
    pub(crate) async fn worker_failed(&self) -> Error {
        self.failed.cancelled().await;
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner).take();
        failure.unwrap_or(Error::Worker)
    }

    pub(crate) fn begin_not_ready(&self) {
        self.readiness.drain();
    }

    /// Starts the drain: the process becomes not ready and [`Runtime::draining`] completes.
    pub fn drain(&self) {
        self.readiness.drain();
        self.draining.cancel();
        self.http_servers.close();
    }

    /// Tracks an HTTP server until the token is dropped. Its handlers may call gRPC servers of the
    /// same process, which therefore shut down after it.
    pub(crate) fn track_http_server(&self) -> TaskTrackerToken {
        self.http_servers.token()
    }

    /// Completes when the process drains and its HTTP servers have completed their requests.
    pub(crate) async fn http_servers_drained(&self) {
        self.draining.cancelled().await;
        self.http_servers.wait().await;
    }

    /// Stops the background workers and waits until all of them have ended.
    pub async fn stop(&self) {
        self.stopping.cancel();
        self.workers.close();
        self.workers.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    #[tokio::test]
    async fn stop_ends_workers_that_run_forever() {
        let runtime = Runtime::for_tests();
        runtime.spawn("idle", pending());
        let stopping = runtime.stopping();
        runtime.spawn_stopping("cooperative", async move { stopping.cancelled().await });
        runtime.stop().await;
        assert!(runtime.workers.is_empty());
    }

    #[test]
    fn traces_of_clients_are_sampled_by_the_ratio() {
        for (ratio, expected) in [(0.0, 0..=0), (0.5, 300..=700), (1.0, 1000..=1000)] {
            let runtime = Runtime::for_tests().with_trace_sample_ratio(ratio);
            let sampled = (0..1000).filter(|_| runtime.samples_trace()).count();
            assert!(expected.contains(&sampled), "{ratio}: {sampled} of 1000");
        }
    }

    #[test]
    fn component_shares_readiness_and_drain_with_its_process() {
        let runtime = Runtime::for_tests();
        let catalog = runtime.component("catalog");
        catalog.readiness("grpc").open();
        assert_eq!(runtime.ready(), Ok(()));
        runtime.drain();
        assert!(catalog.is_draining());
        assert_eq!(catalog.name(), "catalog");
    }
}
