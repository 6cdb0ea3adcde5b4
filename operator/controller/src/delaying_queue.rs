//! The delaying queue: decides which Storefront is reconciled when. Pure.
//!
//! Each key is queued at most once, so several events lead to one reconcile. A key whose reconcile
//! is running waits until that reconcile ends, so only one reconcile at a time reads and writes a
//! Storefront. There is no debounce: events that arrive during a reconcile are coalesced into the
//! next one, and a single event is handled immediately.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::object_key::ObjectKey;

/// The keys that wait and the keys that are being reconciled. Bounded by the number of Storefronts,
/// because it holds each key once.
#[derive(Debug, Default)]
pub struct DelayingQueue {
    waiting: BTreeMap<ObjectKey, Instant>,
    running: BTreeSet<ObjectKey>,
}

/// The next step of the loop that takes keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Reconcile this key, and report its end with [`DelayingQueue::finished`].
    Run(ObjectKey),
    /// No key is due before this time.
    Wait(Instant),
    /// No key is due until one is added or finished.
    Idle,
}

impl DelayingQueue {
    /// Queues the key to be reconciled at `at`, or earlier if it is queued for an earlier time.
    pub fn add(&mut self, key: ObjectKey, at: Instant) {
        let due_at = self.waiting.entry(key).or_insert(at);
        *due_at = at.min(*due_at);
    }

    /// Returns the next step, and takes the key to reconcile.
    pub fn next(&mut self, now: Instant) -> Next {
        let free = self.waiting.iter().filter(|(key, _)| !self.running.contains(*key));
        match free.min_by_key(|(_, at)| **at).map(|(key, at)| (key.clone(), *at)) {
            None => Next::Idle,
            Some((_, at)) if at > now => Next::Wait(at),
            Some((key, _)) => {
                self.waiting.remove(&key);
                self.running.insert(key.clone());
                Next::Run(key)
            }
        }
    }

    /// Records that the reconcile of the key has ended.
    pub fn finished(&mut self, key: &ObjectKey) {
        self.running.remove(key);
    }

    /// Returns the number of keys that wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Returns whether no key waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn key(name: &str) -> ObjectKey {
        ObjectKey::new("shop", name)
    }

    #[test]
    fn repeated_key_is_reconciled_once() {
        let now = Instant::now();
        let mut queue = DelayingQueue::default();
        (0..100).for_each(|_| queue.add(key("a"), now));
        assert_eq!(queue.next(now), Next::Run(key("a")));
        assert_eq!(queue.next(now), Next::Idle);
    }

    #[test]
    fn key_added_while_running_is_reconciled_again_after_it() {
        let now = Instant::now();
        let mut queue = DelayingQueue::default();
        queue.add(key("a"), now);
        assert_eq!(queue.next(now), Next::Run(key("a")));
        queue.add(key("a"), now);
        assert_eq!(queue.next(now), Next::Idle, "the first reconcile is still running");
        queue.finished(&key("a"));
        assert_eq!(queue.next(now), Next::Run(key("a")));
    }

    #[test]
    fn delayed_key_moves_earlier_and_never_later() {
        let now = Instant::now();
        let later = now + Duration::from_secs(60);
        let mut queue = DelayingQueue::default();
        queue.add(key("a"), later);
        assert_eq!(queue.next(now), Next::Wait(later));
        queue.add(key("a"), now);
        queue.add(key("a"), later);
        assert_eq!(queue.next(now), Next::Run(key("a")));
    }

    #[test]
    fn running_key_does_not_block_other_keys() {
        let now = Instant::now();
        let mut queue = DelayingQueue::default();
        queue.add(key("a"), now);
        assert_eq!(queue.next(now), Next::Run(key("a")));
        queue.add(key("a"), now);
        queue.add(key("b"), now);
        assert_eq!(queue.next(now), Next::Run(key("b")));
    }
}
