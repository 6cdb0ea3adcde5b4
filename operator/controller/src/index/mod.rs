//! The index: everything that the operator knows, folded from watch events and from the answers to
//! its own writes. A row per Storefront, child and pod; no objects are kept.
//!
//! Events and answers arrive by different roads and overtake each other. A row is replaced only by
//! a telling with a `resourceVersion` that is not lower, or of another uid, and removed only by a
//! telling about its own uid, or by a list that does not name it. An answer makes no row of what
//! was told gone while the answer was on its way. Everything else is late news.

mod answers;
mod memory;
mod shop;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use storefront_desired::{Kind, ObjectId};

pub use memory::{Applied, JobRetry, Memory, Trouble};
pub use shop::{Owner, Shop};

use crate::key::Key;
use crate::observe::{Child, Pod, StorefrontRow};

/// Every Storefront with its children and pods.
#[derive(Debug, Default)]
pub struct Index {
    shops: BTreeMap<Key, Shop>,
}

/// What a watch lists: rows of one source are compared with a new list of that source only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The Storefronts themselves.
    Storefronts,
    /// Children of one kind.
    Children(Kind),
    /// Pods.
    Pods,
}

/// The name of one row of a source.
pub type RowName = (Key, String);

impl Index {
    /// What is known of a Storefront.
    #[must_use]
    pub fn shop(&self, key: &Key) -> Option<&Shop> {
        self.shops.get(key)
    }

    /// The same, to be changed.
    pub fn shop_mut(&mut self, key: &Key) -> Option<&mut Shop> {
        self.shops.get_mut(key)
    }

    /// The Storefronts that exist.
    pub fn storefronts(&self) -> impl Iterator<Item = (&Key, &StorefrontRow)> {
        self.shops.iter().filter_map(|(key, shop)| Some((key, shop.storefront.as_ref()?)))
    }

    /// Takes in a Storefront; tells whether that is news.
    pub fn set_storefront(&mut self, key: &Key, row: StorefrontRow) -> bool {
        self.shops.entry(key.clone()).or_default().set_storefront(row)
    }

    /// Takes in a child; tells whether that is news.
    pub fn set_child(&mut self, key: &Key, id: ObjectId, child: Child, now: Instant) -> bool {
        self.shops.entry(key.clone()).or_default().set_child(id, child, now)
    }

    /// Takes in a pod; tells whether that is news.
    pub fn set_pod(&mut self, key: &Key, name: &str, pod: Pod, now: Instant) -> bool {
        self.shops.entry(key.clone()).or_default().set_pod(name, pod, now)
    }

    /// Takes in that a row is gone; with a uid only if it is the row of that uid. Tells whether
    /// that is news.
    pub fn remove(&mut self, source: Source, (key, name): &RowName, uid: Option<&str>) -> bool {
        let Some(shop) = self.shops.get_mut(key) else { return false };
        let removed = shop.remove(source, name, uid);
        if shop.is_empty() {
            self.shops.remove(key);
        }
        removed
    }

    /// The rows of a source, in one namespace or in all.
    #[must_use]
    pub fn rows(&self, source: Source, namespace: Option<&str>) -> BTreeSet<RowName> {
        let watched = |key: &Key| namespace.is_none_or(|namespace| namespace == key.namespace);
        let shops = self.shops.iter().filter(|(key, _)| watched(key));
        shops
            .flat_map(|(key, shop)| {
                shop.rows(source, &key.name).into_iter().map(|name| (key.clone(), name))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
