//! Answers to the operator's own writes, which may come after the watch has told what happened
//! next.
//!
//! A child that is made and deleted at once can be gone from the index before its own answer is
//! read. A row made by such an answer would never go: the end of it has been told. So what is told
//! gone while a write is under way is noted beside the write, and an answer about it is dropped.

use storefront_desired::ObjectId;

use super::Shop;
use crate::observe::{Child, StorefrontRow};

impl Shop {
    /// A write of this child is about to be sent. Its end is [`Shop::answered`] or
    /// [`Shop::unanswered`].
    pub fn writing(&mut self, id: &ObjectId) {
        self.under_way.insert(id.clone(), Vec::new());
    }

    /// A write of this child ended without an answer that tells of the child.
    pub fn unanswered(&mut self, id: &ObjectId) {
        self.under_way.remove(id);
    }

    /// Ends the write; whether the child that its answer tells of is gone meanwhile. Also where no
    /// write is known of: then the Storefront itself went, and maybe came back, in between.
    pub(super) fn is_outdated(&mut self, id: &ObjectId, child: &Child) -> bool {
        self.under_way.remove(id).is_none_or(|gone| gone.contains(&child.uid))
    }

    /// Takes in the answer to a write of the status. When the Storefront is gone meanwhile, or a
    /// namesake has taken its place, that is late news.
    pub fn status_written(&mut self, row: StorefrontRow) {
        self.status_trouble = None;
        if self.storefront.as_ref().is_some_and(|known| known.uid == row.uid) {
            self.set_storefront(row);
        }
    }
}
