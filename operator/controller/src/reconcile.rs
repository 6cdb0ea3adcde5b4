//! Reconciles one Storefront: the steps of a reconcile in order.
//!
//! A reconcile decides, executes the writes that are due, and ends; it never waits for the effect
//! of a write. A reconcile that wrote something requeues its key, so that the next one sees the
//! effect. A reconcile that has nothing to write reports the status.

use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};
use kube::Api;
use storefront_api::Storefront;

use crate::apply::{self, WriteOutcome};
use crate::backoff::{Backoff, with_jitter};
use crate::decide::{self, Decision};
use crate::fault::{Fault, FaultKind};
use crate::index::{PodSelector, StorefrontState};
use crate::object_key::ObjectKey;
use crate::operator::Operator;
use crate::plan::{Operation, Write};
use crate::{clock, observe, report};

/// Writes of one reconcile that are in flight at the same time.
const MAX_CONCURRENT_WRITES: usize = 8;

/// The timeout of one reconcile. Every request has its own timeout; this bounds their sum.
const RECONCILE_TIMEOUT: Duration = Duration::from_secs(60);

/// The backoff of a reconcile that could not verify that the Storefront still exists. While the API
/// server is unavailable, every Storefront with a child to create sends this request. The longest
/// delay bounds how long after the outage the last Storefront is reconciled.
const REQUEUE_BACKOFF: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(15));

impl Operator {
    /// Reconciles one Storefront. It returns no error: failures are recorded with the child or the
    /// status that they concern.
    pub async fn reconcile(&self, key: ObjectKey) {
        let started = Instant::now();
        let outcome = match tokio::time::timeout(RECONCILE_TIMEOUT, self.step(&key)).await {
            Ok(outcome) => outcome,
            Err(_) => {
                tracing::warn!(storefront = %key, "reconcile timed out; requeued");
                self.requeue_with_backoff(&key);
                "timeout"
            }
        };
        self.state.metrics.observe_reconcile(outcome, started.elapsed());
    }

    async fn step(&self, key: &ObjectKey) -> &'static str {
        let decision = self.state.index(|index| {
            decide::decide(index, key, &self.defaults, Instant::now(), clock::now())
        });
        match decision {
            Decision::Nothing => "nothing",
            Decision::Writes { uid, writes } => self.apply_writes(key, &uid, writes).await,
            Decision::Report(report) => {
                self.reset_backoff(key);
                report::report(self, key, report).await;
                "reported"
            }
        }
    }

    async fn apply_writes(&self, key: &ObjectKey, uid: &str, writes: Vec<Write>) -> &'static str {
        if writes.iter().any(|write| write.reason.creates()) {
            match self.storefront_exists(key, uid).await {
                Ok(true) => {}
                Ok(false) => {
                    // The watch will deliver the deletion of the Storefront or of its namespace.
                    self.requeue_with_backoff(key);
                    return "leaving";
                }
                Err(fault) => {
                    let error = fault.message;
                    tracing::warn!(storefront = %key, error, "Storefront cannot be read; requeued");
                    self.requeue_with_backoff(key);
                    return "unsure";
                }
            }
        }
        self.reset_backoff(key);
        // Objects that workloads refer to are written before the workloads.
        let (last, first): (Vec<_>, Vec<_>) =
            writes.into_iter().partition(|write| observe::is_workload(write.id.kind));
        for wave in [first, last] {
            let writes = wave.into_iter().map(|write| self.write(key, write));
            stream::iter(writes).buffer_unordered(MAX_CONCURRENT_WRITES).collect::<()>().await;
        }
        self.state.queue.push(key.clone());
        "wrote"
    }

    /// Requeues the Storefront with exponential backoff and jitter. A Storefront that is no longer
    /// in the index is not requeued.
    fn requeue_with_backoff(&self, key: &ObjectKey) {
        let requeues = self.state.index(|index| {
            let state = index.get_mut(key)?;
            let requeues = state.requeues;
            state.requeues = requeues.saturating_add(1);
            Some(requeues)
        });
        if let Some(requeues) = requeues {
            let delay = with_jitter(REQUEUE_BACKOFF.delay(requeues), rand::random());
            self.state.queue.push_at(key.clone(), Instant::now() + delay);
        }
    }

    fn reset_backoff(&self, key: &ObjectKey) {
        self.state.index(|index| {
            if let Some(state) = index.get_mut(key) {
                state.requeues = 0;
            }
        });
    }

    /// Returns whether the Storefront still exists before children are created for it, because the
    /// watch may lag.
    async fn storefront_exists(&self, key: &ObjectKey, uid: &str) -> Result<bool, Fault> {
        let api: Api<Storefront> = Api::namespaced(self.client.clone(), &key.namespace);
        let found = apply::with_timeout(api.get_metadata_opt(&key.name)).await?;
        Ok(found.is_some_and(|found| {
            let metadata = found.metadata;
            metadata.uid.as_deref() == Some(uid) && metadata.deletion_timestamp.is_none()
        }))
    }

    async fn write(&self, key: &ObjectKey, write: Write) {
        let previous = self.state.index(|index| {
            let state = index.get_mut(key)?;
            state.begin_write(&write.id);
            Some(state.children.get(&write.id)?.drift_fingerprint)
        });
        let outcome = apply::write(&self.client, &key.namespace, &write).await;
        match &outcome {
            Ok(WriteOutcome::Present(child)) => {
                self.log_write(key, &write, previous != Some(child.drift_fingerprint));
            }
            Ok(WriteOutcome::Deleted | WriteOutcome::Terminating) => {
                self.log_write(key, &write, true);
            }
            Err(fault) if fault.kind == FaultKind::NamespaceGone => {}
            Err(fault) => {
                let (child, error) = (&write.id, &fault.message);
                tracing::warn!(storefront = %key, %child, error, "write failed; retried later");
            }
        }
        self.state.index(|index| {
            if let Some(state) = index.get_mut(key) {
                record_outcome(state, write, outcome);
            }
        });
    }

    /// Logs a write. A write that changed nothing is logged as a verification, even if its reason
    /// was drift: Kubernetes itself changes children, for example when a volume is bound.
    fn log_write(&self, key: &ObjectKey, write: &Write, changed: bool) {
        let Write { id: child, reason, operation, .. } = write;
        let message = match operation {
            _ if !changed => return tracing::debug!(storefront = %key, %child, "child verified"),
            _ if reason.repairs_drift() => {
                self.state.metrics.count_drift_repair(child.kind);
                "drift repaired"
            }
            Operation::Apply(_) => "child applied",
            Operation::Create(_) => "child created",
            Operation::Delete { .. } => "child deleted",
        };
        tracing::info!(storefront = %key, %child, ?reason, "{message}");
    }
}

/// Records the outcome of a write for the next reconcile.
fn record_outcome(state: &mut StorefrontState, write: Write, outcome: Result<WriteOutcome, Fault>) {
    let now = Instant::now();
    match outcome {
        Ok(WriteOutcome::Present(child)) => {
            let history = state.history.entry(write.id.clone()).or_default();
            history.record_write(write.fingerprint, child.drift_fingerprint, now);
            state.finish_write(&write.id, child, now);
        }
        Ok(WriteOutcome::Deleted | WriteOutcome::Terminating) => {
            state.cancel_write(&write.id);
            let cause = state.worst_cause(PodSelector::Job(&write.id.name), now).cloned();
            if let Some(history) = state.history.get_mut(&write.id) {
                history.record_deletion(cause);
            }
            if let Some(child) = state.children.get_mut(&write.id) {
                child.deleting = true;
            }
        }
        Err(fault) => {
            state.cancel_write(&write.id);
            let history = state.history.entry(write.id).or_default();
            history.record_failure(write.fingerprint, fault, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Arc;

    use http::{Request, Response};
    use kube::Client;
    use kube::client::Body;
    use serde_json::json;
    use storefront_desired::InstallationDefaults;

    use super::*;
    use crate::events::EventRecorder;
    use crate::index::Source;
    use crate::observe::ObservedStorefront;
    use crate::state::State;

    /// An operator with one Storefront without children, and an API server that responds to every
    /// request with this status.
    fn operator(status: u16) -> (Operator, ObjectKey) {
        let respond = move |_: Request<Body>| async move {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = status.try_into().unwrap();
            Ok::<_, Infallible>(response)
        };
        let client = Client::new(tower::service_fn(respond), "shop");
        let state = Arc::new(State::default());
        let key = ObjectKey::new("shop", "demo");
        let demo = json!({
            "metadata": { "name": "demo", "namespace": "shop", "uid": "uid" },
            "spec": { "version": "0.1.0" },
        });
        let observed = ObservedStorefront::from_object(serde_json::from_value(demo).unwrap());
        state.index(|index| index.set_storefront(&key, observed));
        let defaults = InstallationDefaults {
            shop_image: String::new(),
            postgres_image: String::new(),
            redis_image: String::new(),
            cluster_id: None,
        };
        let recorder = EventRecorder::new(client.clone(), "one");
        (Operator { client, state, defaults, recorder }, key)
    }

    fn requeues(operator: &Operator, key: &ObjectKey) -> Option<u32> {
        operator.state.index(|index| Some(index.get(key)?.requeues))
    }

    #[tokio::test]
    async fn unreadable_storefront_is_requeued_with_backoff() {
        for status in [503, 404] {
            let (operator, key) = operator(status);
            for requeues_so_far in 1..4 {
                operator.reconcile(key.clone()).await;
                assert_eq!(requeues(&operator, &key), Some(requeues_so_far), "{status}");
                assert_eq!(operator.state.queue.len(), 1, "the key is requeued");
            }
            operator.reset_backoff(&key);
            assert_eq!(requeues(&operator, &key), Some(0));
        }
    }

    #[tokio::test]
    async fn deleted_storefront_is_not_requeued() {
        let (operator, key) = operator(404);
        let demo = (key.clone(), "demo".to_owned());
        operator.state.index(|index| index.remove(Source::Storefronts, &demo, None));
        operator.requeue_with_backoff(&key);
        assert!(operator.state.queue.is_empty());
    }
}
