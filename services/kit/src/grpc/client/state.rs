//! The state that all clones of a [`super::Channel`] and their calls share.

use super::discovery::Discovery;
use super::target::ClientTarget;
use crate::Runtime;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The shared state of a channel.
pub(super) struct ChannelState {
    pub(super) target: ClientTarget,
    pub(super) runtime: Runtime,
    pub(super) discovery: Discovery,
    next_turn: AtomicUsize,
}

impl ChannelState {
    pub(super) fn new(target: &ClientTarget, discovery: Discovery, runtime: &Runtime) -> Self {
        let (target, runtime) = (target.clone(), runtime.clone());
        Self { target, runtime, discovery, next_turn: AtomicUsize::new(0) }
    }

    /// Returns a number that grows with each call, so that addresses take turns.
    pub(super) fn next_turn(&self) -> usize {
        self.next_turn.fetch_add(1, Ordering::Relaxed)
    }
}
