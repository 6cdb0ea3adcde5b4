//! Cache of encoded responses of the public catalog, invalidated by change notifications.
//!
//! Consistency: a response is stored with the logical time at which its read began, and served as
//! long as nothing that it depends on has changed since ([`freshness`]). Changes arrive on the
//! catalog's `WatchChanges` stream. Any catalog replica can serve the stream: each one receives
//! PostgreSQL's notifications, which PostgreSQL sends once the change is visible to all readers. A
//! gateway therefore serves an old response only while the notification is in transit, with any
//! number of gateways and catalogs. While the stream is disconnected, nothing is served from the
//! cache and nothing is stored ([`watch`]). A short time to live is the backstop for what no
//! process can detect, for example a half-open connection between catalog and PostgreSQL.
//!
//! Each change makes entries stale:
//!
//! - a product, including its stock: the product itself and all lists. A list that does not contain
//!   the product may still change: price, name, stock and visibility decide which products a list
//!   contains, in which order, and the count. The notification does not name the changed field, so
//!   an order invalidates all lists. This is intended: each list is refilled by one read, however
//!   many clients request it, while the pages of all other products, which are most of the traffic,
//!   stay;
//! - categories: the categories, and all lists, because a list may be filtered by a category
//!   subtree and a search may match a category name;
//! - everything, when changes may have been missed.
//!
//! Stale entries are not removed. They are replaced at the next request, or evicted by other
//! entries.
//!
//! Reads are single-flight: concurrent misses of the same entry wait for one read, up to
//! [`COALESCE_TIMEOUT`]. A waiter takes the result if it is still fresh, or if the read began after
//! the waiter arrived, because its own read could not have returned newer data. Therefore no
//! request waits for more than two reads, even if changes arrive faster than reads finish.
//!
//! Only public reads use the cache, and only for shoppers: administrators read hidden products and
//! must see their own changes. Carts and orders read from the catalog directly.

mod freshness;
mod metrics;
#[cfg(test)]
mod tests;
mod watch;

use std::sync::Arc;
use std::time::Duration;

use kit::Runtime;
use kit::grpc::client::Channel;
use prost::Message;
use quick_cache::sync::{Cache, DefaultLifecycle, EntryAction, EntryResult, PlaceholderGuard};
use quick_cache::{DefaultHashBuilder, OptionsBuilder, Weighter};
use tokio::time::{Instant, timeout};

use crate::encoded_response::EncodedResponse;
use crate::problem::Problem;
pub(crate) use freshness::DependsOn;
use freshness::{Change, Freshness, LogicalTime};
use metrics::Metrics;

/// Time that concurrent misses wait for the first of them before they read for themselves. A read
/// takes a few milliseconds; one that takes this long may hang, and must not block the others.
const COALESCE_TIMEOUT: Duration = Duration::from_millis(250);

/// Memory of an entry besides its response, in bytes, rounded up. It bounds the number of entries.
const OVERHEAD_BYTES: u64 = 512;

/// Largest entry, as a fraction of the capacity (1/16), so that a few large responses do not evict
/// all others.
const MAX_ENTRY_DIVISOR: u64 = 16;

/// Number of shards, each with a lock. Few enough that each shard can hold the largest entry.
const SHARDS: usize = 4;

/// Share of the capacity for entries that were requested again. New entries compete for the rest,
/// so that a client that requests a thousand pages once does not evict what all others request.
const HOT_ALLOCATION: f64 = 0.9;

/// Typical weight of an entry, in bytes: a page of products. An estimate is sufficient.
const ESTIMATED_ENTRY_BYTES: u64 = 16 * 1024;

/// Key of an entry: the kind of read and its encoded request. Equal requests have equal keys.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct CacheKey {
    kind: ReadKind,
    request: Box<[u8]>,
}

/// Kinds of reads of the public catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ReadKind {
    List,
    Search,
    Product,
    Categories,
}

impl CacheKey {
    pub(crate) fn new(kind: ReadKind, request: &impl Message) -> Self {
        Self { kind, request: request.encode_to_vec().into() }
    }
}

/// Result of a read of the catalog.
#[derive(Debug, Clone)]
pub(crate) struct CatalogRead {
    pub(crate) response: EncodedResponse,
    pub(crate) depends_on: DependsOn,
}

#[derive(Debug, Clone)]
struct Entry {
    /// None: the response is too large to be cached. Requests read for themselves instead of
    /// waiting for each other.
    response: Option<EncodedResponse>,
    depends_on: DependsOn,
    time: LogicalTime,
    expires_at: Instant,
}

/// Cache of the public catalog. Cheap to clone.
#[derive(Clone)]
pub(crate) struct CatalogCache(Arc<Shared>);

struct Shared {
    entries: Cache<CacheKey, Entry, MemoryWeighter>,
    freshness: Freshness,
    ttl: Duration,
    max_entry_bytes: u64,
    metrics: Metrics,
}

/// Weighs an entry by its memory.
#[derive(Debug, Clone, Copy)]
struct MemoryWeighter;

impl Weighter<CacheKey, Entry> for MemoryWeighter {
    /// Counts the text twice: its gzip form may be added later, and is smaller.
    fn weight(&self, key: &CacheKey, entry: &Entry) -> u64 {
        let response = entry.response.as_ref().map_or(0, |response| 2 * response.body().len());
        OVERHEAD_BYTES + (key.request.len() + response) as u64
    }
}

type Placeholder<'a> = PlaceholderGuard<
    'a,
    CacheKey,
    Entry,
    MemoryWeighter,
    DefaultHashBuilder,
    DefaultLifecycle<CacheKey, Entry>,
>;

impl CatalogCache {
    /// Creates a cache with a capacity of `bytes`, disconnected until [`CatalogCache::watch`]
    /// receives changes. Returns none when the capacity or the time to live is 0.
    pub(crate) fn new(bytes: u64, ttl: Duration, runtime: &Runtime) -> Option<Self> {
        if bytes == 0 || ttl.is_zero() {
            return None;
        }
        let options = OptionsBuilder::new()
            .shards(SHARDS)
            .hot_allocation(HOT_ALLOCATION)
            .estimated_items_capacity(usize::try_from(bytes / ESTIMATED_ENTRY_BYTES).ok()?)
            .weight_capacity(bytes)
            .build();
        Some(Self(Arc::new(Shared {
            entries: Cache::with_options(
                options.ok()?,
                MemoryWeighter,
                DefaultHashBuilder::default(),
                DefaultLifecycle::default(),
            ),
            freshness: Freshness::new(),
            ttl,
            max_entry_bytes: bytes / MAX_ENTRY_DIVISOR,
            metrics: Metrics::register(runtime.metrics()),
        })))
    }

    /// Watches the changes of the catalog behind `channel` for as long as the process runs.
    pub(crate) fn watch(&self, channel: Channel, runtime: &Runtime) {
        runtime.spawn("catalog changes", watch::run(channel, self.clone()));
    }

    /// Returns the fresh response for `key` from the cache, or the result of `read`, which is
    /// polled only if necessary.
    pub(crate) async fn get_or_read(
        &self,
        key: &CacheKey,
        read: impl Future<Output = Result<CatalogRead, Problem>>,
    ) -> Result<EncodedResponse, Problem> {
        let shared = &*self.0;
        let Some(arrival) = shared.freshness.now() else { return shared.bypass(read).await };
        if let Some(entry) =
            shared.entries.get(key).filter(|entry| shared.can_serve(entry, arrival))
        {
            return shared.serve(entry, read).await;
        }
        let retain_or_replace =
            |_: &CacheKey, entry: &mut Entry| match shared.can_serve(entry, arrival) {
                true => EntryAction::Retain(entry.clone()),
                false => EntryAction::ReplaceWithGuard,
            };
        match timeout(COALESCE_TIMEOUT, shared.entries.entry_async(key, retain_or_replace)).await {
            Ok(EntryResult::Retained(entry)) => shared.serve(entry, read).await,
            Ok(EntryResult::Vacant(placeholder) | EntryResult::Replaced(placeholder, _)) => {
                shared.fill(key, placeholder, read).await
            }
            // `retain_or_replace` never removes an entry, and `entry_async` has no timeout itself.
            Ok(EntryResult::Removed(..) | EntryResult::Timeout) | Err(_) => {
                shared.bypass(read).await
            }
        }
    }

    /// Records changes of the catalog.
    fn record_changes(&self, changes: impl IntoIterator<Item = Change>) {
        for change in changes {
            self.0.freshness.record(change);
            self.0.metrics.changes.inc();
        }
    }

    /// Clears the cache, because no further changes are received.
    fn disconnect(&self) {
        self.0.freshness.disconnect();
        self.0.entries.clear();
        self.0.record_size();
    }
}

impl Shared {
    /// Whether the entry can be served to a request that arrived at `arrival`.
    fn can_serve(&self, entry: &Entry, arrival: LogicalTime) -> bool {
        let is_fresh = || {
            self.freshness.is_fresh(entry.time, entry.depends_on)
                && Instant::now() < entry.expires_at
        };
        entry.time > arrival || is_fresh()
    }

    async fn serve(
        &self,
        entry: Entry,
        read: impl Future<Output = Result<CatalogRead, Problem>>,
    ) -> Result<EncodedResponse, Problem> {
        let Some(response) = entry.response else { return self.bypass(read).await };
        self.metrics.hits.inc();
        Ok(response)
    }

    /// Reads and stores the result. When the read fails, the next waiter reads.
    async fn fill(
        &self,
        key: &CacheKey,
        placeholder: Placeholder<'_>,
        read: impl Future<Output = Result<CatalogRead, Problem>>,
    ) -> Result<EncodedResponse, Problem> {
        self.metrics.misses.inc();
        let (time, expires_at) = (self.freshness.now(), Instant::now() + self.ttl);
        let CatalogRead { response, depends_on } = read.await?;
        // A result that became stale during the read is stored for the waiters. Nothing is stored
        // after a disconnection.
        let is_connected = self.freshness.now().is_some();
        if let Some(time) = time.filter(|_| is_connected) {
            let mut entry =
                Entry { response: Some(response.clone()), depends_on, time, expires_at };
            if MemoryWeighter.weight(key, &entry) > self.max_entry_bytes {
                entry.response = None;
            }
            // Fails when the cache was cleared in the meantime.
            placeholder.insert(entry).ok();
            self.record_size();
        }
        Ok(response)
    }

    /// Reads without the cache.
    async fn bypass(
        &self,
        read: impl Future<Output = Result<CatalogRead, Problem>>,
    ) -> Result<EncodedResponse, Problem> {
        self.metrics.bypassed.inc();
        read.await.map(|read| read.response)
    }

    fn record_size(&self) {
        self.metrics.record_size(self.entries.len(), self.entries.weight());
    }
}
