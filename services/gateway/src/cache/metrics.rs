//! Metrics of the catalog cache.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

/// Metrics of the catalog cache.
pub(super) struct Metrics {
    pub(super) hits: Counter,
    pub(super) misses: Counter,
    pub(super) bypassed: Counter,
    pub(super) changes: Counter,
    pub(super) watching: Gauge,
    entries: Gauge,
    bytes: Gauge,
}

impl Metrics {
    pub(super) fn register(registry: &kit::metrics::Metrics) -> Self {
        let counter = |name: &str, help: &str| {
            registry.register(&format!("catalog_cache_{name}"), help, Counter::default())
        };
        let gauge = |name: &str, help: &str| {
            registry.register(&format!("catalog_cache_{name}"), help, Gauge::default())
        };
        Self {
            hits: counter("hits", "Public reads served from the cache"),
            misses: counter("misses", "Public reads sent to the catalog to fill the cache"),
            bypassed: counter(
                "passed",
                "Public reads that bypassed the cache: the change stream was disconnected, the \
                 response is too large, or the coalesced read timed out",
            ),
            changes: counter("changes", "Catalog changes received"),
            watching: gauge("watching", "Whether the change stream is connected: 1 or 0"),
            entries: gauge("entries", "Responses in the cache"),
            bytes: gauge("bytes", "Estimated memory of the cached responses"),
        }
    }

    pub(super) fn record_size(&self, entries: usize, bytes: u64) {
        self.entries.set(i64::try_from(entries).unwrap_or(i64::MAX));
        self.bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}
