//! Tests of the cache under concurrency: which requests read the catalog, and which are served from
//! the cache.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use futures::future::join_all;
use kit::Runtime;
use proto::catalog::v1::GetProductRequest;
use proto::catalog::v1::get_product_request::Identifier;
use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::sleep;
use uuid::Uuid;

use super::{
    CacheKey, CatalogCache, CatalogRead, Change, DependsOn, MAX_ENTRY_DIVISOR, OVERHEAD_BYTES,
    ReadKind,
};
use crate::encoded_response::EncodedResponse;
use crate::problem::{Code, Problem};

const BYTES: u64 = 1024 * 1024;
/// Longer than any test.
const TTL: Duration = Duration::from_secs(3600);
const LAMP: Uuid = Uuid::from_u128(1);
const DESK: Uuid = Uuid::from_u128(2);

/// A cache, and a catalog that consists of one number and counts its reads.
struct Fixture {
    cache: CatalogCache,
    stock: AtomicUsize,
    reads: AtomicUsize,
    /// Lets one blocked read continue.
    unblock: Notify,
}

impl Fixture {
    fn new() -> Self {
        Self::with_ttl(TTL)
    }

    fn with_ttl(ttl: Duration) -> Self {
        let cache = CatalogCache::new(BYTES, ttl, &Runtime::for_tests()).expect("a cache");
        let (stock, reads) = (AtomicUsize::new(7), AtomicUsize::new(0));
        Self { cache, stock, reads, unblock: Notify::new() }
    }

    /// Creates a fixture whose cache is connected to the change stream.
    fn connected() -> Self {
        let fixture = Self::new();
        fixture.notify_change(Change::All);
        fixture
    }

    fn notify_change(&self, change: Change) {
        self.cache.record_changes([change]);
    }

    /// Sells one unit without notifying the cache.
    fn sell(&self) {
        self.stock.fetch_sub(1, SeqCst);
    }

    fn read(&self, depends_on: DependsOn) -> Result<CatalogRead, Problem> {
        self.reads.fetch_add(1, SeqCst);
        let response = EncodedResponse::encode(&self.stock.load(SeqCst))?;
        Ok(CatalogRead { response, depends_on })
    }

    async fn get(&self, depends_on: DependsOn) -> usize {
        let read = async { self.read(depends_on) };
        number(self.cache.get_or_read(&key(depends_on), read).await.expect("a response"))
    }

    /// Like [`Fixture::get`], but the read blocks after it has read the stock.
    async fn get_blocking(&self, depends_on: DependsOn) -> usize {
        let read = async {
            let result = self.read(depends_on);
            self.unblock.notified().await;
            result
        };
        number(self.cache.get_or_read(&key(depends_on), read).await.expect("a response"))
    }

    fn reads(&self) -> usize {
        self.reads.load(SeqCst)
    }
}

fn key(depends_on: DependsOn) -> CacheKey {
    let (kind, name) = match depends_on {
        DependsOn::Product(id) => (ReadKind::Product, id.to_string()),
        DependsOn::Products => (ReadKind::List, String::new()),
        DependsOn::Categories => (ReadKind::Categories, String::new()),
    };
    CacheKey::new(kind, &GetProductRequest { identifier: Some(Identifier::Slug(name)) })
}

fn number(response: EncodedResponse) -> usize {
    serde_json::from_slice(&response.body()).expect("a number")
}

#[tokio::test]
async fn entry_is_served_until_its_dependency_changes() {
    let fixture = Fixture::connected();
    for (change, stale) in [
        (Change::Product(LAMP), &[true, false, true, false][..]),
        (Change::Categories, &[false, false, true, true]),
        (Change::All, &[true, true, true, true]),
    ] {
        let all = [
            DependsOn::Product(LAMP),
            DependsOn::Product(DESK),
            DependsOn::Products,
            DependsOn::Categories,
        ];
        for depends_on in all {
            fixture.get(depends_on).await;
            let reads = fixture.reads();
            assert_eq!(fixture.get(depends_on).await, fixture.stock.load(SeqCst));
            assert_eq!(fixture.reads(), reads, "{depends_on:?} was cached");
        }
        fixture.notify_change(change);
        for (depends_on, stale) in all.into_iter().zip(stale) {
            let reads = fixture.reads();
            fixture.get(depends_on).await;
            assert_eq!(fixture.reads() > reads, *stale, "{depends_on:?} after {change:?}");
        }
    }
}

#[tokio::test]
async fn read_from_before_a_change_is_not_served_after_it() {
    for depends_on in [DependsOn::Product(LAMP), DependsOn::Products] {
        let fixture = Fixture::connected();
        let change = async {
            yield_now().await;
            fixture.sell();
            fixture.notify_change(Change::Product(LAMP));
            fixture.unblock.notify_one();
        };
        let (old, ()) = tokio::join!(fixture.get_blocking(depends_on), change);
        assert_eq!((old, fixture.reads()), (7, 1), "it was read before the change");
        assert_eq!((fixture.get(depends_on).await, fixture.reads()), (6, 2));
        assert_eq!((fixture.get(depends_on).await, fixture.reads()), (6, 2));
    }
}

#[tokio::test]
async fn read_from_before_a_disconnection_is_not_served_after_it() {
    let fixture = Fixture::connected();
    let disconnection = async {
        yield_now().await;
        fixture.cache.disconnect();
        fixture.sell();
        fixture.notify_change(Change::All);
        fixture.unblock.notify_one();
    };
    let (old, ()) = tokio::join!(fixture.get_blocking(DependsOn::Products), disconnection);
    assert_eq!((old, fixture.get(DependsOn::Products).await), (7, 6));
}

#[tokio::test]
async fn waiters_that_arrive_after_a_change_do_not_take_an_older_read() {
    let fixture = Fixture::connected();
    let late = async {
        yield_now().await;
        fixture.sell();
        fixture.notify_change(Change::Product(LAMP));
        let waiters = join_all((0..5).map(|_| fixture.get(DependsOn::Products)));
        let unblock = async {
            yield_now().await;
            fixture.unblock.notify_one();
        };
        tokio::join!(waiters, unblock).0
    };
    let (old, new) = tokio::join!(fixture.get_blocking(DependsOn::Products), late);
    assert_eq!((old, new), (7, vec![6; 5]));
    assert_eq!(fixture.reads(), 2, "the five waiters share one read");
}

#[tokio::test]
async fn request_waits_for_at_most_two_reads_under_constant_changes() {
    let fixture = Fixture::connected();
    let changes = async {
        for _ in 0..2 {
            yield_now().await;
            fixture.notify_change(Change::Product(LAMP));
            fixture.unblock.notify_one();
            yield_now().await;
        }
    };
    let all = join_all((0..100).map(|_| fixture.get_blocking(DependsOn::Products)));
    let (all, ()) = tokio::join!(all, changes);
    assert_eq!((all, fixture.reads()), (vec![7; 100], 2));
    fixture.get(DependsOn::Products).await;
    assert_eq!(fixture.reads(), 3, "a request after the second change reads again");
}

#[tokio::test]
async fn concurrent_misses_share_one_read() {
    let fixture = Fixture::connected();
    let unblock = async {
        yield_now().await;
        fixture.unblock.notify_one();
    };
    let all = join_all((0..100).map(|_| fixture.get_blocking(DependsOn::Products)));
    let (all, ()) = tokio::join!(all, unblock);
    assert_eq!((all, fixture.reads()), (vec![7; 100], 1));
}

#[tokio::test]
async fn waiter_reads_when_the_first_read_fails_or_is_cancelled() {
    let fixture = Fixture::connected();
    let key = key(DependsOn::Products);
    let fails = fixture.cache.get_or_read(&key, async {
        fixture.unblock.notified().await;
        Err(Code::Unavailable.problem())
    });
    let unblock = async {
        yield_now().await;
        fixture.unblock.notify_one();
    };
    let (failed, response, ()) = tokio::join!(fails, fixture.get(DependsOn::Products), unblock);
    assert!(failed.is_err(), "an error is returned and not cached");
    assert_eq!((response, fixture.reads()), (7, 1));

    fixture.notify_change(Change::All);
    let cancelled = async {
        tokio::select! {
            _ = fixture.get_blocking(DependsOn::Products) => panic!("the read was unblocked"),
            () = async { for _ in 0..10 { yield_now().await } } => {}
        }
    };
    let ((), response) = tokio::join!(cancelled, fixture.get(DependsOn::Products));
    assert_eq!((response, fixture.reads()), (7, 3));
}

#[tokio::test]
async fn hanging_read_does_not_block_waiters_forever() {
    let fixture = Fixture::connected();
    let others = async {
        yield_now().await;
        let responses = join_all((0..100).map(|_| fixture.get(DependsOn::Products))).await;
        assert_eq!(responses, [7; 100]);
        // Unblock only after all others have their response.
        fixture.unblock.notify_one();
    };
    assert_eq!(tokio::join!(fixture.get_blocking(DependsOn::Products), others).0, 7);
}

#[tokio::test]
async fn entry_expires_without_a_change_notification() {
    let fixture = Fixture::with_ttl(Duration::from_millis(10));
    fixture.notify_change(Change::All);
    assert_eq!(fixture.get(DependsOn::Categories).await, 7);
    fixture.sell();
    sleep(Duration::from_millis(11)).await;
    assert_eq!(fixture.get(DependsOn::Categories).await, 6);
}

#[tokio::test]
async fn disconnected_cache_is_bypassed_and_empty() {
    let fixture = Fixture::new();
    let reads_twice = async |fixture: &Fixture| {
        let reads = fixture.reads();
        assert_eq!(fixture.get(DependsOn::Products).await, fixture.stock.load(SeqCst));
        fixture.sell();
        assert_eq!(fixture.get(DependsOn::Products).await, fixture.stock.load(SeqCst));
        assert_eq!((fixture.reads() - reads, fixture.cache.0.entries.len()), (2, 0));
    };
    reads_twice(&fixture).await;
    fixture.notify_change(Change::All);
    fixture.get(DependsOn::Products).await;
    assert_eq!(fixture.cache.0.entries.len(), 1);
    fixture.cache.disconnect();
    assert_eq!(fixture.cache.0.entries.len(), 0, "it is cleared at once");
    reads_twice(&fixture).await;
}

#[tokio::test]
async fn cache_respects_its_capacity_and_entry_limit() {
    let fixture = Fixture::connected();
    let store = async |name: usize, length: usize| {
        let request = GetProductRequest { identifier: Some(Identifier::Slug(name.to_string())) };
        let response = EncodedResponse::encode(&"x".repeat(length)).expect("JSON");
        let read = async { Ok(CatalogRead { response, depends_on: DependsOn::Products }) };
        let key = CacheKey::new(ReadKind::List, &request);
        fixture.cache.get_or_read(&key, read).await.expect("a response");
    };
    let entries = &fixture.cache.0.entries;
    for n in 0..5000 {
        store(n, n % 1000).await;
        assert!(entries.weight() <= BYTES);
        assert!(entries.len() as u64 <= BYTES / OVERHEAD_BYTES);
    }
    assert!(entries.weight() > BYTES / 2, "{} bytes are used", entries.weight());

    fixture.cache.disconnect();
    fixture.notify_change(Change::All);
    let too_large = usize::try_from(BYTES / MAX_ENTRY_DIVISOR / 2).expect("a size");
    store(0, too_large).await;
    assert!(entries.weight() < 2 * OVERHEAD_BYTES, "only the marker of a large response");
    store(1, too_large - 512).await;
    assert!(entries.weight() > BYTES / MAX_ENTRY_DIVISOR / 2);
}

#[tokio::test]
async fn requests_for_a_large_response_do_not_wait_for_each_other() {
    let fixture = Fixture::connected();
    let key = key(DependsOn::Products);
    let concurrent = AtomicUsize::new(0);
    let all = (0..10).map(|_| {
        fixture.cache.get_or_read(&key, async {
            concurrent.fetch_add(1, SeqCst);
            if concurrent.load(SeqCst) > 1 {
                // All reads but the first have started before one ends.
                while concurrent.load(SeqCst) < 10 {
                    yield_now().await;
                }
            }
            let response = EncodedResponse::encode(&"x".repeat(100_000))?;
            Ok(CatalogRead { response, depends_on: DependsOn::Products })
        })
    });
    let responses = join_all(all).await;
    let is_large = |response: &EncodedResponse| response.body().len() > 100_000;
    assert!(responses.iter().all(|response| response.as_ref().is_ok_and(is_large)));
}

#[test]
fn zero_capacity_or_ttl_disables_the_cache() {
    let runtime = Runtime::for_tests();
    assert!(CatalogCache::new(0, TTL, &runtime).is_none());
    assert!(CatalogCache::new(BYTES, Duration::ZERO, &runtime).is_none());
}
