//! What the operator counts, as Prometheus reads it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use storefront_desired::Kind;

use crate::key::Key;

/// Upper bounds of the durations of passes: from computation alone to a slow API server.
const SECONDS: [f64; 9] = [0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// Every metric of the operator.
pub struct Metrics {
    registry: Mutex<Registry>,
    passes: Family<Outcome, Counter>,
    durations: Histogram,
    requests: Family<Request, Counter>,
    repairs: Family<OfKind, Counter>,
    queued: Gauge,
    leading: Gauge,
    ready: Family<OfStorefront, Gauge>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// A request to the API server.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Request {
    /// As RBAC names it: get, list, watch, create, update, patch, delete.
    pub verb: &'static str,
    /// The plural of the kind, with the subresource: `deployments`, `storefronts/status`.
    pub resource: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfKind {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStorefront {
    namespace: Arc<str>,
    name: Arc<str>,
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            registry: Mutex::new(Registry::with_prefix("storefront_operator")),
            passes: Family::default(),
            durations: Histogram::new(SECONDS),
            requests: Family::default(),
            repairs: Family::default(),
            queued: Gauge::default(),
            leading: Gauge::default(),
            ready: Family::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&self) {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.register("reconciles", "Passes over a Storefront", self.passes.clone());
        let durations = self.durations.clone();
        let help = "How long a pass took";
        registry.register_with_unit("reconcile_duration", help, Unit::Seconds, durations);
        let help = "Requests to the API server, by verb and kind";
        registry.register("requests", help, self.requests.clone());
        registry.register("drift_repaired", "Foreign changes undone", self.repairs.clone());
        registry.register("queue", "Storefronts waiting for a pass", self.queued.clone());
        registry.register("leader", "1 on the replica that writes", self.leading.clone());
        registry.register("storefront_ready", "1 for a ready Storefront", self.ready.clone());
    }

    /// A pass ended.
    pub fn passed(&self, outcome: &'static str, took: Duration) {
        self.passes.get_or_create(&Outcome { outcome }).inc();
        self.durations.observe(took.as_secs_f64());
    }

    /// A request was sent.
    pub fn requested(&self, request: &Request) {
        self.requests.get_or_create(request).inc();
    }

    /// How many such requests were sent so far.
    #[must_use]
    pub fn requests(&self, request: &Request) -> u64 {
        self.requests.get_or_create(request).get()
    }

    /// A foreign change was undone.
    pub fn repaired(&self, kind: Kind) {
        self.repairs.get_or_create(&OfKind { kind: kind.as_str() }).inc();
    }

    /// Whether this replica writes.
    pub fn leads(&self, leads: bool) {
        self.leading.set(i64::from(leads));
    }

    /// How a Storefront is.
    pub fn ready(&self, key: &Key, ready: bool) {
        self.ready.get_or_create(&of(key)).set(i64::from(ready));
    }

    /// A Storefront is gone.
    pub fn forget(&self, key: &Key) {
        self.ready.remove(&of(key));
    }

    /// Everything, in the text format of OpenMetrics.
    ///
    /// # Errors
    ///
    /// Only if a label cannot be written, which none of ours can.
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

fn of(key: &Key) -> OfStorefront {
    OfStorefront { namespace: key.namespace.as_str().into(), name: key.name.as_str().into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_shown_and_what_is_gone_is_not() {
        let metrics = Metrics::default();
        let key = Key::new("shop", "demo");
        metrics.passed("wrote", Duration::from_millis(3));
        metrics.requested(&Request { verb: "patch", resource: "services".to_owned() });
        metrics.repaired(Kind::Service);
        metrics.ready(&key, true);
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
        metrics.forget(&key);
        assert!(!metrics.encode(0).unwrap().contains("storefront_ready{"));
    }
}
