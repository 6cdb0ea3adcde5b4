//! Freshness of cached reads, by logical time: a counter that each change increments.
//!
//! A reader takes the logical time *before* it reads. The result is fresh as long as nothing that
//! it depends on has changed at a later time. This holds for any interleaving of reads and changes:
//! the time was taken before the read began, so a result from before a change is always older than
//! the change. A result that was read after a change, but whose time was taken before it, is
//! discarded needlessly, which costs one more read.
//!
//! Times of products are stored in a hash table of fixed size: a change of one product also
//! invalidates the other products of its slot, needlessly but safely.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;

use uuid::Uuid;

/// Slots for products, 32 KiB in total. Of 1,000 frequently sold products, about four at most share
/// a slot.
const SLOTS: usize = 4096;

/// Value later than any logical time: nothing is fresh.
const NEVER: u64 = u64::MAX;

/// Moment of the logical clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LogicalTime(u64);

/// Data that the result of a read depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DependsOn {
    /// One product.
    Product(Uuid),
    /// A selection of products: a change of any product may alter the selection and its order.
    Products,
    /// The categories, and the number of products in each.
    Categories,
}

/// Change of the catalog that makes results stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// One product: any of its fields, or its stock.
    Product(Uuid),
    /// The categories: their names, their hierarchy, or their numbers of products.
    Categories,
    /// Possibly everything.
    All,
}

/// Logical times of the last changes. Many tasks read it, one task writes it.
#[derive(Debug)]
pub(crate) struct Freshness {
    now: AtomicU64,
    all: AtomicU64,
    lists: AtomicU64,
    categories: AtomicU64,
    products: Box<[AtomicU64]>,
    hasher: RandomState,
}

impl Freshness {
    /// Creates a disconnected instance: it receives no changes yet.
    pub(crate) fn new() -> Self {
        Self {
            now: AtomicU64::new(0),
            all: AtomicU64::new(NEVER),
            lists: AtomicU64::new(0),
            categories: AtomicU64::new(0),
            products: (0..SLOTS).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
        }
    }

    /// Returns the logical time, to be taken before a read begins; none while disconnected.
    pub(crate) fn now(&self) -> Option<LogicalTime> {
        (self.all.load(SeqCst) != NEVER).then(|| LogicalTime(self.now.load(SeqCst)))
    }

    /// Whether the result of a read that began at `time` or later is still fresh.
    pub(crate) fn is_fresh(&self, LogicalTime(time): LogicalTime, depends_on: DependsOn) -> bool {
        let changed = match depends_on {
            DependsOn::Product(id) => self.slot(id),
            DependsOn::Products => &self.lists,
            DependsOn::Categories => &self.categories,
        };
        self.all.load(SeqCst) <= time && changed.load(SeqCst) <= time
    }

    /// Records a change. After a disconnection, only [`Change::All`] reconnects.
    pub(crate) fn record(&self, change: Change) {
        // Increment the clock before storing the time: a read that takes the new time begins after
        // the change was received.
        let now = self.now.fetch_add(1, SeqCst) + 1;
        match change {
            Change::Product(id) => {
                self.slot(id).store(now, SeqCst);
                self.lists.store(now, SeqCst);
            }
            // A list may be filtered by a category subtree, and a search matches category names.
            Change::Categories => {
                self.categories.store(now, SeqCst);
                self.lists.store(now, SeqCst);
            }
            Change::All => self.all.store(now, SeqCst),
        }
    }

    /// Marks everything as stale, because no further changes are received.
    pub(crate) fn disconnect(&self) {
        self.all.store(NEVER, SeqCst);
    }

    fn slot(&self, id: Uuid) -> &AtomicU64 {
        // The table has SLOTS entries.
        &self.products[self.hasher.hash_one(id) as usize % SLOTS]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Uuid = Uuid::from_u128(1);

    /// Returns a product in another slot than [`ONE`].
    fn product_in_other_slot(freshness: &Freshness) -> Uuid {
        let apart = |id: &Uuid| !std::ptr::eq(freshness.slot(*id), freshness.slot(ONE));
        (2..).map(Uuid::from_u128).find(apart).expect("another slot")
    }

    fn connected() -> Freshness {
        let freshness = Freshness::new();
        freshness.record(Change::All);
        freshness
    }

    #[test]
    fn change_invalidates_only_its_dependents() {
        let all = [DependsOn::Product(ONE), DependsOn::Products, DependsOn::Categories];
        for (change, expected) in [
            (Change::Product(ONE), &[false, false, true][..]),
            (Change::Categories, &[true, false, false]),
            (Change::All, &[false, false, false]),
        ] {
            let freshness = connected();
            let before = freshness.now().expect("connected");
            assert!(all.iter().all(|depends_on| freshness.is_fresh(before, *depends_on)));
            freshness.record(change);
            let still_fresh: Vec<bool> =
                all.iter().map(|depends_on| freshness.is_fresh(before, *depends_on)).collect();
            assert_eq!(still_fresh, expected, "{change:?}");
            let after = freshness.now().expect("connected");
            assert!(
                all.iter().all(|depends_on| freshness.is_fresh(after, *depends_on)),
                "{change:?}"
            );
        }
        let freshness = connected();
        let before = freshness.now().expect("connected");
        freshness.record(Change::Product(product_in_other_slot(&freshness)));
        assert!(freshness.is_fresh(before, DependsOn::Product(ONE)));
    }

    #[test]
    fn disconnected_instance_has_nothing_fresh() {
        let freshness = Freshness::new();
        freshness.record(Change::Product(ONE));
        assert!(freshness.now().is_none(), "earlier changes are unknown");
        freshness.record(Change::All);
        let before = freshness.now().expect("connected");
        freshness.disconnect();
        assert!(freshness.now().is_none() && !freshness.is_fresh(before, DependsOn::Categories));
        freshness.record(Change::All);
        assert!(
            !freshness.is_fresh(before, DependsOn::Categories),
            "it may have changed in between"
        );
        let after = freshness.now().expect("connected again");
        assert!(freshness.is_fresh(after, DependsOn::Categories));
    }
}
