//! Metrics: one registry per process, served by the admin port in the OpenMetrics text format.
//!
//! The families of every component (requests, pools, …) are registered once and distinguished by
//! the label `component`, so that `shop all` and a process with one component have the same
//! families. Labels have low cardinality: RPC names and route templates, never paths or ids.

mod families;
mod process;

pub(crate) use families::{
    CallLabels, ClientLabels, ComponentLabels, Families, HttpLabels, RedisLabels, RouteLabels,
    RpcLabels, ServedLabels, TargetLabels,
};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::registry::{Metric, Registry};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A component's view of the metric registry of its process. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    families: Arc<Families>,
    prefix: &'static str,
}

impl Metrics {
    pub(crate) fn new(prefix: &'static str) -> Self {
        let mut registry = Registry::default();
        let families = Arc::new(Families::register(&mut registry));
        registry.register_collector(Box::new(process::ProcessCollector));
        Self { registry: Arc::new(Mutex::new(registry)), families, prefix }
    }

    pub(crate) fn component(&self, prefix: &'static str) -> Self {
        Self { prefix, ..self.clone() }
    }

    pub(crate) fn families(&self) -> &Arc<Families> {
        &self.families
    }

    /// Registers a metric of the component as `<component>_<name>` and returns it. The suffix
    /// `_total` of counters is added automatically; a unit is the last part of the name.
    pub fn register<M: Metric + Clone>(&self, name: &str, help: &str, metric: M) -> M {
        self.lock().register(format!("{}_{name}", self.prefix), help, metric.clone());
        metric
    }

    /// Registers a collector, which is read at each scrape. It names its metrics itself, including
    /// the prefix.
    pub fn register_collector(&self, collector: impl Collector) {
        self.lock().register_collector(Box::new(collector));
    }

    /// Encodes all metrics of the process in the OpenMetrics text format.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String does not fail. A collector that fails truncates the text.
        if encode(&mut text, &self.lock()).is_err() {
            tracing::warn!("metric encoding failed");
        }
        text
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus_client::metrics::counter::Counter;

    #[test]
    fn registered_metric_has_the_component_prefix() {
        let metrics = Metrics::new("shop").component("catalog");
        let sold: Counter = metrics.register("sold_units", "Units sold", Counter::default());
        sold.inc_by(3);
        assert!(metrics.text().contains("\ncatalog_sold_units_total 3\n"), "{}", metrics.text());
    }

    #[test]
    fn components_share_families_with_a_label() {
        let metrics = Metrics::new("shop");
        for component in ["catalog", "gateway"] {
            let view = metrics.component(component);
            view.families().grpc_in_flight.get_or_create(&ComponentLabels { component }).inc();
        }
        let text = metrics.text();
        assert_eq!(text.matches("# TYPE grpc_server_in_flight gauge").count(), 1);
        assert!(text.contains("grpc_server_in_flight{component=\"catalog\"} 1"));
        assert!(text.contains("grpc_server_in_flight{component=\"gateway\"} 1"));
        assert!(text.ends_with("# EOF\n"));
    }
}
