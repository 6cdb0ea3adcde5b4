//! Responses to the operator's own writes, which may arrive after the watch event of a later
//! change.
//!
//! A child that is created and deleted at once can be removed from the index before the response to
//! its creation is read. An entry created from that response would stay forever, because its
//! deletion event has already arrived. So the uids that are deleted while a write is in flight are
//! recorded, and a response about one of them is dropped.

use storefront_desired::ObjectId;

use super::StorefrontState;
use crate::observe::{Child, ObservedStorefront};

impl StorefrontState {
    /// Records that a write of this child is about to be sent. It ends with
    /// [`StorefrontState::finish_write`] or [`StorefrontState::cancel_write`].
    pub fn begin_write(&mut self, id: &ObjectId) {
        self.in_flight.insert(id.clone(), Vec::new());
    }

    /// Ends a write of this child whose response does not describe the child.
    pub fn cancel_write(&mut self, id: &ObjectId) {
        self.in_flight.remove(id);
    }

    /// Ends the write, and returns whether its response is outdated because the child was deleted
    /// during the write. A response without a write in flight is outdated too: the Storefront was
    /// deleted, and possibly created again, during the write.
    pub(super) fn is_response_outdated(&mut self, id: &ObjectId, child: &Child) -> bool {
        self.in_flight.remove(id).is_none_or(|deleted| deleted.contains(&child.uid))
    }

    /// Stores the response to a write of the status. The response is dropped as outdated if the
    /// Storefront was deleted during the write, or replaced by another one of the same name.
    pub fn status_written(&mut self, observed: ObservedStorefront) {
        self.status_backoff = None;
        if self.storefront.as_ref().is_some_and(|known| known.uid == observed.uid) {
            self.set_storefront(observed);
        }
    }
}
