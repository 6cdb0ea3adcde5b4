//! How well the cache serves.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

/// The metrics of the cache.
pub(super) struct Metrics {
    pub(super) hits: Counter,
    pub(super) misses: Counter,
    pub(super) passed: Counter,
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
            hits: counter("hits", "Public reads that were answered from the cache"),
            misses: counter("misses", "Public reads that asked the catalog, for the cache"),
            passed: counter(
                "passed",
                "Public reads that asked the catalog past the cache: without a stream of changes, \
                 of an answer that is too large, or because another read took long",
            ),
            changes: counter("changes", "Changes that were heard of"),
            watching: gauge("watching", "Whether changes are heard of: 1 or 0"),
            entries: gauge("entries", "Answers in the cache"),
            bytes: gauge("bytes", "Memory that the cache reckons with"),
        }
    }

    pub(super) fn tell_size(&self, entries: usize, bytes: u64) {
        self.entries.set(i64::try_from(entries).unwrap_or(i64::MAX));
        self.bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }
}
