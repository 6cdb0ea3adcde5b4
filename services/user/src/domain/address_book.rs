//! An address book: exactly one of its addresses, if there are any, is the default.

use jiff::Timestamp;
use wire::Address;

use super::ids::{AddressId, UserId};

/// The most addresses of one account: they are listed whole.
pub const MAX_ADDRESSES: usize = 50;

/// An entry.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: AddressId,
    /// Whose it is.
    pub user: UserId,
    /// The customer's name for it; may be empty.
    pub label: String,
    /// Where it is.
    pub address: Address,
    /// Whether it is the default.
    pub is_default: bool,
    /// When it was added.
    pub created_at: Timestamp,
}

/// The book is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are 50 addresses already")]
pub struct Full;

/// Which entry of a book is the default: each with whether it is, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Book(Vec<(AddressId, bool)>);

impl Book {
    /// Of these entries.
    #[must_use]
    pub fn new(entries: Vec<(AddressId, bool)>) -> Self {
        Self(entries)
    }

    /// The default.
    #[must_use]
    pub fn current(&self) -> Option<AddressId> {
        self.0.iter().find(|(_, is_default)| *is_default).map(|(id, _)| *id)
    }

    /// Whether the entry is in it.
    #[must_use]
    pub fn holds(&self, id: AddressId) -> bool {
        self.0.iter().any(|(entry, _)| *entry == id)
    }

    /// The default once the new entry `id` is in: the first becomes it by itself.
    ///
    /// # Errors
    /// When there is no room.
    pub fn default_with(&self, id: AddressId, wanted: bool) -> Result<AddressId, Full> {
        if self.0.len() >= MAX_ADDRESSES {
            return Err(Full);
        }
        Ok(self.default_after_change(id, wanted))
    }

    /// The default once the entry `id` has changed. The default cannot be given up, only passed on.
    #[must_use]
    pub fn default_after_change(&self, id: AddressId, wanted: bool) -> AddressId {
        match self.current() {
            Some(default) if !wanted => default,
            _ => id,
        }
    }

    /// The default once the entry `id` is out: the oldest of the rest steps in.
    #[must_use]
    pub fn default_without(&self, id: AddressId) -> Option<AddressId> {
        let rest = || self.0.iter().map(|(entry, _)| *entry).filter(|entry| *entry != id);
        self.current().filter(|default| *default != id).or_else(|| rest().next())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    impl Book {
        /// What the store makes of a plan.
        fn set_default(&mut self, default: Option<AddressId>) {
            for (id, is_default) in &mut self.0 {
                *is_default = Some(*id) == default;
            }
        }
    }

    fn id(n: u8) -> AddressId {
        AddressId(Uuid::from_u128(n.into()))
    }

    proptest! {
        /// Whatever is added, changed and removed: a book that is not empty has one default.
        #[test]
        fn there_is_always_exactly_one_default(
            steps in proptest::collection::vec((0..3u8, 0..60u8, any::<bool>()), 0..200)
        ) {
            let mut book = Book::default();
            for (step, n, wanted) in steps {
                match (step, book.holds(id(n))) {
                    (0, false) => {
                        if let Ok(default) = book.default_with(id(n), wanted) {
                            prop_assert!(!wanted || default == id(n));
                            book.0.push((id(n), false));
                            book.set_default(Some(default));
                        } else {
                            prop_assert_eq!(book.0.len(), MAX_ADDRESSES);
                        }
                    }
                    (1, true) => {
                        let default = book.default_after_change(id(n), wanted);
                        prop_assert!(!wanted || default == id(n));
                        book.set_default(Some(default));
                    }
                    (2, true) => {
                        let default = book.default_without(id(n));
                        book.0.retain(|(entry, _)| *entry != id(n));
                        book.set_default(default);
                    }
                    _ => {}
                }
                let defaults = book.0.iter().filter(|(_, is_default)| *is_default).count();
                prop_assert_eq!(defaults, usize::from(!book.0.is_empty()));
            }
        }
    }
}
