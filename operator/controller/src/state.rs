//! What the watches fill and the passes read.

use std::sync::{Arc, Mutex, PoisonError};

use crate::engine::Queue;
use crate::index::Index;
use crate::key::Key;
use crate::metrics::Metrics;

/// Shared by every task of the operator.
#[derive(Debug, Default)]
pub struct State {
    index: Mutex<Index>,
    /// What is due.
    pub queue: Arc<Queue>,
    /// What is counted.
    pub metrics: Metrics,
}

impl State {
    /// Looks into the index or changes it. Never held across a wait: everything that is done with
    /// it is computation. A panic in it leaves single rows behind that the next event replaces.
    pub fn index<T>(&self, act: impl FnOnce(&mut Index) -> T) -> T {
        act(&mut self.index.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the index; when that is news, the Storefront is looked at.
    pub fn fold(&self, key: &Key, act: impl FnOnce(&mut Index) -> bool) {
        if self.index(act) {
            self.queue.push(key.clone());
        }
    }
}
