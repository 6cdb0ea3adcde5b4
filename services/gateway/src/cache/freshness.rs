//! What is still true of what was read, by logical time: a counter that goes up with every change.
//!
//! A reader notes the time *before* it reads. The answer holds as long as nothing that it shows has
//! changed at a later time. Whatever the two do side by side, no answer of before a change is ever
//! believed after it: the note was taken before the read began, so it is older than the change. An
//! answer that was read after a change but noted before is doubted in vain, which costs one read.
//!
//! Times are kept in a fixed table, not by product: products of one slot doubt each other in vain.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use uuid::Uuid;

/// Slots for products: 32 KiB. Of a thousand products that are sold all the time, four share one.
const SLOTS: usize = 4096;

/// No note is that late: nothing holds.
const NEVER: u64 = u64::MAX;

/// A moment of the logical time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Note(u64);

/// What an answer depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shows {
    /// One product.
    Product(Uuid),
    /// Some products, chosen out of all: any change of any product may alter which, and their order.
    Products,
    /// The categories, and how many products each holds.
    Categories,
}

/// Something that became stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// One product, of whose fields or stock any may be another now.
    Product(Uuid),
    /// The categories: what they are called, how they lie, how many products they hold.
    Categories,
    /// Anything.
    All,
}

/// When what changed last. Many read it, one task writes.
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
    /// Blind: changes are not heard of yet.
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

    /// The time, to be taken before a read begins; none while blind.
    pub(crate) fn note(&self) -> Option<Note> {
        (self.all.load(SeqCst) != NEVER).then(|| Note(self.now.load(SeqCst)))
    }

    /// Whether what was read at `note` or later is still as it was.
    pub(crate) fn holds(&self, Note(note): Note, shows: Shows) -> bool {
        let changed = match shows {
            Shows::Product(id) => self.slot(id),
            Shows::Products => &self.lists,
            Shows::Categories => &self.categories,
        };
        self.all.load(SeqCst) <= note && changed.load(SeqCst) <= note
    }

    /// Takes a change in. After a time of blindness, [`Change::All`] is what ends it.
    pub(crate) fn hear(&self, change: Change) {
        // Up before it is written down: who notes the new time reads after the change was heard of.
        let now = self.now.fetch_add(1, SeqCst) + 1;
        match change {
            Change::Product(id) => {
                self.slot(id).store(now, SeqCst);
                self.lists.store(now, SeqCst);
            }
            // A list holds what lies below a category, and a search looks at their names.
            Change::Categories => {
                self.categories.store(now, SeqCst);
                self.lists.store(now, SeqCst);
            }
            Change::All => self.all.store(now, SeqCst),
        }
    }

    /// Changes are not heard of any more: nothing holds.
    pub(crate) fn lose_sight(&self) {
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

    /// One that has a slot of its own.
    fn other(freshness: &Freshness) -> Uuid {
        let apart = |id: &Uuid| !std::ptr::eq(freshness.slot(*id), freshness.slot(ONE));
        (2..).map(Uuid::from_u128).find(apart).expect("another slot")
    }

    fn seeing() -> Freshness {
        let freshness = Freshness::new();
        freshness.hear(Change::All);
        freshness
    }

    #[test]
    fn a_change_ends_what_it_may_have_altered_and_nothing_else() {
        let all = [Shows::Product(ONE), Shows::Products, Shows::Categories];
        for (change, holding) in [
            (Change::Product(ONE), &[false, false, true][..]),
            (Change::Categories, &[true, false, false]),
            (Change::All, &[false, false, false]),
        ] {
            let freshness = seeing();
            let before = freshness.note().expect("it sees");
            assert!(all.iter().all(|shows| freshness.holds(before, *shows)));
            freshness.hear(change);
            let still: Vec<bool> = all.iter().map(|s| freshness.holds(before, *s)).collect();
            assert_eq!(still, holding, "{change:?}");
            let after = freshness.note().expect("it sees");
            assert!(all.iter().all(|shows| freshness.holds(after, *shows)), "{change:?}");
        }
        let freshness = seeing();
        let before = freshness.note().expect("it sees");
        freshness.hear(Change::Product(other(&freshness)));
        assert!(freshness.holds(before, Shows::Product(ONE)));
    }

    #[test]
    fn who_hears_nothing_believes_nothing_also_not_of_before() {
        let freshness = Freshness::new();
        freshness.hear(Change::Product(ONE));
        assert!(freshness.note().is_none(), "what was before is not known");
        freshness.hear(Change::All);
        let before = freshness.note().expect("it sees");
        freshness.lose_sight();
        assert!(freshness.note().is_none() && !freshness.holds(before, Shows::Categories));
        freshness.hear(Change::All);
        assert!(!freshness.holds(before, Shows::Categories), "it may have changed meanwhile");
        let after = freshness.note().expect("it sees again");
        assert!(freshness.holds(after, Shows::Categories));
    }
}
