//! What a component is given by the process it runs in.

use crate::Env;
use crate::grpc::Tls;
use crate::metrics::{Families, Metrics};
use crate::readiness::{Readiness, ReadyGate};
use futures::FutureExt as _;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;
use tracing::Instrument as _;

/// A component's share of its process: the [`Env`] seam, metrics under its name, readiness, and
/// the two steps of the end: *draining* (take no new work) and *stopping* (end background work).
///
/// Cheap to clone. Several components may run in one process (`shop all`); each takes its own view
/// with [`Runtime::component`] as the first thing in `serve`.
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
    tls: Option<Tls>,
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
            tls: None,
        }
    }

    /// The same process with TLS for the gRPC servers and clients made from now on.
    pub(crate) fn with_tls(self, tls: Option<Tls>) -> Self {
        Self { tls, ..self }
    }

    pub(crate) fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// A runtime with no process around it: no telemetry, no admin port, the system's clock.
    #[must_use]
    pub fn for_tests() -> Self {
        Self::new("test", Env::system())
    }

    /// The same process seen by the component `name`: its metrics, logs and tasks carry that name.
    #[must_use]
    pub fn component(&self, name: &'static str) -> Self {
        Self { component: name, metrics: self.metrics.component(name), ..self.clone() }
    }

    /// The name under which this component appears in logs and metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.component
    }

    /// Where the component registers its own metric families.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    pub(crate) fn families(&self) -> &Arc<Families> {
        self.metrics.families()
    }

    /// A gate that keeps `/readyz` at "no" until it is opened. The servers of this crate have one
    /// each; a component needs its own only for what it must do before it can serve.
    #[must_use]
    pub fn readiness(&self, name: &str) -> ReadyGate {
        self.readiness.gate(name)
    }

    pub(crate) fn ready(&self) -> Result<(), String> {
        self.readiness.check()
    }

    /// Ends when the process takes no new work: servers stop accepting and finish what they have.
    pub fn draining(&self) -> WaitForCancellationFutureOwned {
        self.draining.clone().cancelled_owned()
    }

    /// Whether the process has begun to drain.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining.is_cancelled()
    }

    /// Cancelled after the servers have drained: background work ends.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.stopping.clone()
    }

    /// Runs `worker` beside the servers until it ends or the process stops, when it is dropped at
    /// its next await. What must not be cut there watches [`Runtime::stopping`] within
    /// [`Runtime::spawn_stopping`] instead.
    pub fn spawn<F>(&self, name: &'static str, worker: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stopping = self.stopping();
        self.spawn_stopping(name, async move {
            let ended = stopping.run_until_cancelled(worker).await.is_some();
            tracing::debug!(ended, "the worker is done");
        });
    }

    /// Runs `worker`, which ends by itself soon after [`Runtime::stopping`] is cancelled. The
    /// process waits for it, but not for ever. A worker that panics ends the process: nobody would
    /// miss it otherwise until much later.
    pub fn spawn_stopping<F>(&self, name: &'static str, worker: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let span = tracing::error_span!("worker", component = self.component, worker = name);
        let failed = self.failed.clone();
        let watched = async move {
            // The panic hook has logged it.
            if AssertUnwindSafe(worker).catch_unwind().await.is_err() {
                failed.cancel();
            }
        };
        self.workers.spawn(watched.instrument(span));
    }

    /// Ends when a worker has panicked.
    pub(crate) async fn worker_panicked(&self) {
        self.failed.cancelled().await;
    }

    pub(crate) fn begin_not_ready(&self) {
        self.readiness.drain();
    }

    /// Ends the first half of a process: what [`Runtime::draining`] promises comes true.
    pub fn drain(&self) {
        self.readiness.drain();
        self.draining.cancel();
        self.http_servers.close();
    }

    /// Held by an HTTP server while it has requests: its handlers may call gRPC servers of the same
    /// process, which therefore end after it.
    pub(crate) fn track_http_server(&self) -> TaskTrackerToken {
        self.http_servers.token()
    }

    /// Ends when the process drains and the HTTP servers in it have nothing left to do.
    pub(crate) async fn http_servers_drained(&self) {
        self.draining.cancelled().await;
        self.http_servers.wait().await;
    }

    /// Cancels the background work and waits until all of it has ended.
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
    async fn stopping_ends_workers_that_never_end_by_themselves() {
        let runtime = Runtime::for_tests();
        runtime.spawn("idle", pending());
        let stopping = runtime.stopping();
        runtime.spawn_stopping("orderly", async move { stopping.cancelled().await });
        runtime.stop().await;
        assert!(runtime.workers.is_empty());
    }

    #[test]
    fn a_component_shares_readiness_and_the_end_with_its_process() {
        let runtime = Runtime::for_tests();
        let catalog = runtime.component("catalog");
        catalog.readiness("grpc").open();
        assert_eq!(runtime.ready(), Ok(()));
        runtime.drain();
        assert!(catalog.is_draining());
        assert_eq!(catalog.name(), "catalog");
    }
}
