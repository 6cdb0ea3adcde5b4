//! Address books. If an address book is not empty, exactly one of its addresses is the default.

use jiff::Timestamp;
use wire::Address;

use super::ids::{AddressId, UserId};

/// The maximum number of addresses of one account. They are listed without pagination.
pub const MAX_ADDRESSES: usize = 50;

/// An address in an address book.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    /// Unique identifier.
    pub id: AddressId,
    /// The account that owns the entry.
    pub user: UserId,
    /// The customer's name for the address; may be empty.
    pub label: String,
    /// The postal address.
    pub address: Address,
    /// Whether the address is the default.
    pub is_default: bool,
    /// When the entry was added.
    pub created_at: Timestamp,
}

/// The address book is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the address book already contains 50 addresses")]
pub struct AddressBookFull;

/// The entries of an address book, oldest first, each with whether it is the default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressBook(Vec<(AddressId, bool)>);

impl AddressBook {
    /// Creates an address book of these entries.
    #[must_use]
    pub fn new(entries: Vec<(AddressId, bool)>) -> Self {
        Self(entries)
    }

    /// Returns the default address.
    #[must_use]
    pub fn default_address(&self) -> Option<AddressId> {
        self.0.iter().find(|(_, is_default)| *is_default).map(|(id, _)| *id)
    }

    /// Returns whether the address book contains the entry.
    #[must_use]
    pub fn contains(&self, id: AddressId) -> bool {
        self.0.iter().any(|(entry, _)| *entry == id)
    }

    /// Returns the default after the new entry `id` is added. The first entry always becomes the
    /// default.
    ///
    /// # Errors
    /// Returns [`AddressBookFull`] if the address book is full.
    pub fn default_after_insert(
        &self,
        id: AddressId,
        wanted: bool,
    ) -> Result<AddressId, AddressBookFull> {
        if self.0.len() >= MAX_ADDRESSES {
            return Err(AddressBookFull);
        }
        Ok(self.default_after_update(id, wanted))
    }

    /// Returns the default after the entry `id` is updated. An update cannot clear the default,
    /// only move it to `id`.
    #[must_use]
    pub fn default_after_update(&self, id: AddressId, wanted: bool) -> AddressId {
        match self.default_address() {
            Some(default) if !wanted => default,
            _ => id,
        }
    }

    /// Returns the default after the entry `id` is deleted. If `id` was the default, the oldest
    /// remaining entry becomes it.
    #[must_use]
    pub fn default_after_delete(&self, id: AddressId) -> Option<AddressId> {
        let rest = || self.0.iter().map(|(entry, _)| *entry).filter(|entry| *entry != id);
        self.default_address().filter(|default| *default != id).or_else(|| rest().next())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    impl AddressBook {
        /// Applies a planned default, as the store does.
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
        /// After any sequence of changes, an address book that is not empty has one default.
        #[test]
        fn any_changes_leave_exactly_one_default(
            steps in proptest::collection::vec((0..3u8, 0..60u8, any::<bool>()), 0..200)
        ) {
            let mut book = AddressBook::default();
            for (step, n, wanted) in steps {
                match (step, book.contains(id(n))) {
                    (0, false) => {
                        if let Ok(default) = book.default_after_insert(id(n), wanted) {
                            prop_assert!(!wanted || default == id(n));
                            book.0.push((id(n), false));
                            book.set_default(Some(default));
                        } else {
                            prop_assert_eq!(book.0.len(), MAX_ADDRESSES);
                        }
                    }
                    (1, true) => {
                        let default = book.default_after_update(id(n), wanted);
                        prop_assert!(!wanted || default == id(n));
                        book.set_default(Some(default));
                    }
                    (2, true) => {
                        let default = book.default_after_delete(id(n));
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
