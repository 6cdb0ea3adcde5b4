//! The state that the watches fill and the reconciles read.

use std::sync::{Arc, Mutex, PoisonError};

use crate::index::Index;
use crate::metrics::Metrics;
use crate::object_key::ObjectKey;
use crate::work_queue::WorkQueue;

/// The state that every task of the operator shares.
#[derive(Debug, Default)]
pub struct State {
    index: Mutex<Index>,
    /// The keys to reconcile.
    pub queue: Arc<WorkQueue>,
    /// The metrics.
    pub metrics: Metrics,
}

impl State {
    /// Reads or changes the index. The lock is never held across an await, because every use is
    /// computation. A panic in `act` leaves at most single entries behind that the next event
    /// replaces, so poisoning is ignored.
    pub fn index<T>(&self, act: impl FnOnce(&mut Index) -> T) -> T {
        act(&mut self.index.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the index, and enqueues the Storefront when `act` returns that something changed.
    pub fn update_index(&self, key: &ObjectKey, act: impl FnOnce(&mut Index) -> bool) {
        if self.index(act) {
            self.queue.push(key.clone());
        }
    }
}
