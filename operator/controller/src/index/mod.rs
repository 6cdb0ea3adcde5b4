//! The index: the observed state of every Storefront, filled from watch events and from the
//! responses to the operator's own writes, as a reflector fills its store. It has an entry for each
//! Storefront, child and pod, and keeps no whole objects.
//!
//! Events and responses arrive on different connections and overtake each other. An entry is
//! replaced only by an observation with a `resourceVersion` that is not lower, or of another uid.
//! It is removed only by a deletion with the same uid, or by a list that does not contain it. A
//! response creates no entry for an object whose deletion was observed while the request was in
//! flight. All other observations are outdated and ignored.

mod responses;
mod storefront_state;
mod write_history;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use storefront_desired::{Kind, ObjectId};

pub use storefront_state::{PodSelector, StorefrontState};
pub use write_history::{Applied, FailedWrite, JobRetry, WriteHistory};

use crate::object_key::ObjectKey;
use crate::observe::{Child, ObservedStorefront, Pod};

/// The observed state of every Storefront with its children and pods.
#[derive(Debug, Default)]
pub struct Index {
    storefronts: BTreeMap<ObjectKey, StorefrontState>,
}

/// The resource that a watch lists. The entries of one source are compared with a new list of that
/// source only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// Storefronts.
    Storefronts,
    /// Children of one kind.
    Children(Kind),
    /// Pods.
    Pods,
}

/// The name of one entry of a source, with its Storefront.
pub type EntryName = (ObjectKey, String);

impl Index {
    /// Returns the state of a Storefront.
    #[must_use]
    pub fn get(&self, key: &ObjectKey) -> Option<&StorefrontState> {
        self.storefronts.get(key)
    }

    /// Returns the state of a Storefront for changes.
    pub fn get_mut(&mut self, key: &ObjectKey) -> Option<&mut StorefrontState> {
        self.storefronts.get_mut(key)
    }

    /// Returns the Storefronts that exist.
    pub fn storefronts(&self) -> impl Iterator<Item = (&ObjectKey, &ObservedStorefront)> {
        self.storefronts.iter().filter_map(|(key, state)| Some((key, state.storefront.as_ref()?)))
    }

    /// Stores a Storefront. Returns whether a reconcile is needed.
    pub fn set_storefront(&mut self, key: &ObjectKey, observed: ObservedStorefront) -> bool {
        self.storefronts.entry(key.clone()).or_default().set_storefront(observed)
    }

    /// Stores a child. Returns whether a reconcile is needed.
    pub fn set_child(&mut self, key: &ObjectKey, id: ObjectId, child: Child, now: Instant) -> bool {
        self.storefronts.entry(key.clone()).or_default().set_child(id, child, now)
    }

    /// Stores a pod. Returns whether a reconcile is needed.
    pub fn set_pod(&mut self, key: &ObjectKey, name: &str, pod: Pod, now: Instant) -> bool {
        self.storefronts.entry(key.clone()).or_default().set_pod(name, pod, now)
    }

    /// Removes an entry; with a uid only if the entry has that uid. Returns whether a reconcile is
    /// needed.
    pub fn remove(&mut self, source: Source, (key, name): &EntryName, uid: Option<&str>) -> bool {
        let Some(state) = self.storefronts.get_mut(key) else { return false };
        let removed = state.remove(source, name, uid);
        if state.is_empty() {
            self.storefronts.remove(key);
        }
        removed
    }

    /// Returns the names of the entries of a source, in one namespace or in all.
    #[must_use]
    pub fn entries(&self, source: Source, namespace: Option<&str>) -> BTreeSet<EntryName> {
        let watched =
            |key: &ObjectKey| namespace.is_none_or(|namespace| namespace == key.namespace);
        let storefronts = self.storefronts.iter().filter(|(key, _)| watched(key));
        storefronts
            .flat_map(|(key, state)| {
                state.entries(source, &key.name).into_iter().map(|name| (key.clone(), name))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
