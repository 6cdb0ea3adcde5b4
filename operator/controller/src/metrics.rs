//! The operator's metrics in the OpenMetrics format.

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use storefront_desired::Kind;

use crate::object_key::ObjectKey;

/// The histogram buckets of reconcile durations, in seconds: from computation alone to a slow API
/// server.
const RECONCILE_BUCKETS: [f64; 9] = [0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// Every metric of the operator.
pub struct Metrics {
    registry: Mutex<Registry>,
    reconciles: Family<OutcomeLabels, Counter>,
    durations: Histogram,
    requests: Family<Request, Counter>,
    repairs: Family<KindLabels, Counter>,
    queued: Gauge,
    leader: Gauge,
    ready: Family<StorefrontLabels, Gauge>,
    redis_memory: Family<StorefrontLabels, Gauge<f64, AtomicU64>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabels {
    outcome: &'static str,
}

/// A request to the API server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Request {
    /// The RBAC verb: get, list, watch, create, update, patch, delete.
    pub verb: &'static str,
    /// The resource with its subresource: `deployments`, `storefronts/status`.
    pub resource: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StorefrontLabels {
    namespace: Arc<str>,
    name: Arc<str>,
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            registry: Mutex::new(Registry::with_prefix("storefront_operator")),
            reconciles: Family::default(),
            durations: Histogram::new(RECONCILE_BUCKETS),
            requests: Family::default(),
            repairs: Family::default(),
            queued: Gauge::default(),
            leader: Gauge::default(),
            ready: Family::default(),
            redis_memory: Family::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&self) {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.register(
            "reconciles",
            "Reconciles of Storefronts by outcome",
            self.reconciles.clone(),
        );
        let durations = self.durations.clone();
        let help = "Duration of a reconcile";
        registry.register_with_unit("reconcile_duration", help, Unit::Seconds, durations);
        let help = "Requests to the API server by verb and resource";
        registry.register("requests", help, self.requests.clone());
        registry.register(
            "drift_repaired",
            "Changes and deletions by other clients that were repaired",
            self.repairs.clone(),
        );
        registry.register("queue", "Storefronts in the work queue", self.queued.clone());
        registry.register("leader", "1 on the leader, 0 on standbys", self.leader.clone());
        registry.register(
            "storefront_ready",
            "1 if the Storefront is Ready, otherwise 0",
            self.ready.clone(),
        );
        registry.register(
            "redis_memory_used_ratio",
            "Used part of the memory of the managed Redis; it refuses new carts at 1",
            self.redis_memory.clone(),
        );
    }

    /// Records the outcome and duration of a reconcile.
    pub fn observe_reconcile(&self, outcome: &'static str, took: Duration) {
        self.reconciles.get_or_create(&OutcomeLabels { outcome }).inc();
        self.durations.observe(took.as_secs_f64());
    }

    /// Counts a request.
    pub fn count_request(&self, request: &Request) {
        self.requests.get_or_create(request).inc();
    }

    /// Returns the number of such requests sent so far.
    #[must_use]
    pub fn requests(&self, request: &Request) -> u64 {
        self.requests.get_or_create(request).get()
    }

    /// Counts a repaired drift.
    pub fn count_drift_repair(&self, kind: Kind) {
        self.repairs.get_or_create(&KindLabels { kind: kind.as_str() }).inc();
    }

    /// Sets whether this replica is the leader.
    pub fn set_leader(&self, leader: bool) {
        self.leader.set(i64::from(leader));
    }

    /// Sets whether a Storefront is ready.
    pub fn set_storefront_ready(&self, key: &ObjectKey, ready: bool) {
        self.ready.get_or_create(&labels(key)).set(i64::from(ready));
    }

    /// Sets the used part of the memory of a Storefront's managed Redis.
    pub fn set_redis_memory_ratio(&self, key: &ObjectKey, ratio: f64) {
        self.redis_memory.get_or_create(&labels(key)).set(ratio);
    }

    /// Removes the metrics of a deleted Storefront.
    pub fn remove_storefront(&self, key: &ObjectKey) {
        self.redis_memory.remove(&labels(key));
        self.ready.remove(&labels(key));
    }

    /// Returns all metrics in the text format of OpenMetrics.
    ///
    /// # Errors
    ///
    /// When a label cannot be encoded, which none of these labels causes.
    pub fn encode(&self, queued: usize) -> Result<String, fmt::Error> {
        self.queued.set(i64::try_from(queued).unwrap_or(i64::MAX));
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        text::encode(&mut text, &registry)?;
        Ok(text)
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

fn labels(key: &ObjectKey) -> StorefrontLabels {
    StorefrontLabels { namespace: key.namespace.as_str().into(), name: key.name.as_str().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_exported_until_their_storefront_is_removed() {
        let metrics = Metrics::default();
        let key = ObjectKey::new("shop", "demo");
        metrics.observe_reconcile("wrote", Duration::from_millis(3));
        metrics.count_request(&Request { verb: "patch", resource: "services".to_owned() });
        metrics.count_drift_repair(Kind::Service);
        metrics.set_storefront_ready(&key, true);
        let text = metrics.encode(2).unwrap();
        for line in [
            r#"storefront_operator_reconciles_total{outcome="wrote"} 1"#,
            r#"storefront_operator_requests_total{verb="patch",resource="services"} 1"#,
            r#"storefront_operator_drift_repaired_total{kind="Service"} 1"#,
            r#"storefront_operator_storefront_ready{namespace="shop",name="demo"} 1"#,
            "storefront_operator_queue 2",
            r#"storefront_operator_reconcile_duration_seconds_bucket{le="0.005"} 1"#,
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        metrics.remove_storefront(&key);
        assert!(!metrics.encode(0).unwrap().contains("storefront_ready{"));
    }
}
