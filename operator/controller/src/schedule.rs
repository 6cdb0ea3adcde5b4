//! Which Storefront is looked at when. Pure.
//!
//! Each key is due at most once (several events make one pass), and a key whose pass is running
//! waits for its end (one pass at a time sees and writes one Storefront). There is no debounce:
//! what happens while a pass runs is gathered into the next one, and a lone event is acted on at
//! once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::key::Key;

/// What is due and what is running. Bounded by the number of Storefronts, because it holds each key
/// once.
#[derive(Debug, Default)]
pub struct Schedule {
    due: BTreeMap<Key, Instant>,
    running: BTreeSet<Key>,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Run a pass for this key, and report its end with [`Schedule::finished`].
    Run(Key),
    /// Nothing before this moment.
    Wait(Instant),
    /// Nothing at all until something is added or finished.
    Idle,
}

impl Schedule {
    /// The key is to be looked at then, or earlier if that was so already.
    pub fn add(&mut self, key: Key, at: Instant) {
        let due = self.due.entry(key).or_insert(at);
        *due = at.min(*due);
    }

    /// The next thing to do.
    pub fn next(&mut self, now: Instant) -> Next {
        let free = self.due.iter().filter(|(key, _)| !self.running.contains(*key));
        match free.min_by_key(|(_, at)| **at).map(|(key, at)| (key.clone(), *at)) {
            None => Next::Idle,
            Some((_, at)) if at > now => Next::Wait(at),
            Some((key, _)) => {
                self.due.remove(&key);
                self.running.insert(key.clone());
                Next::Run(key)
            }
        }
    }

    /// The key's pass has ended.
    pub fn finished(&mut self, key: &Key) {
        self.running.remove(key);
    }

    /// How many keys are waiting for a pass.
    #[must_use]
    pub fn len(&self) -> usize {
        self.due.len()
    }

    /// Whether no key is waiting.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.due.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn key(name: &str) -> Key {
        Key::new("shop", name)
    }

    #[test]
    fn many_events_make_one_pass() {
        let now = Instant::now();
        let mut schedule = Schedule::default();
        (0..100).for_each(|_| schedule.add(key("a"), now));
        assert_eq!(schedule.next(now), Next::Run(key("a")));
        assert_eq!(schedule.next(now), Next::Idle);
    }

    #[test]
    fn an_event_during_a_pass_makes_one_more_pass_after_it() {
        let now = Instant::now();
        let mut schedule = Schedule::default();
        schedule.add(key("a"), now);
        assert_eq!(schedule.next(now), Next::Run(key("a")));
        schedule.add(key("a"), now);
        assert_eq!(schedule.next(now), Next::Idle, "the first pass is still running");
        schedule.finished(&key("a"));
        assert_eq!(schedule.next(now), Next::Run(key("a")));
    }

    #[test]
    fn an_event_brings_a_delayed_pass_forward_and_never_the_other_way() {
        let now = Instant::now();
        let later = now + Duration::from_secs(60);
        let mut schedule = Schedule::default();
        schedule.add(key("a"), later);
        assert_eq!(schedule.next(now), Next::Wait(later));
        schedule.add(key("a"), now);
        schedule.add(key("a"), later);
        assert_eq!(schedule.next(now), Next::Run(key("a")));
    }

    #[test]
    fn one_storefront_does_not_hold_up_another() {
        let now = Instant::now();
        let mut schedule = Schedule::default();
        schedule.add(key("a"), now);
        assert_eq!(schedule.next(now), Next::Run(key("a")));
        schedule.add(key("a"), now);
        schedule.add(key("b"), now);
        assert_eq!(schedule.next(now), Next::Run(key("b")));
    }
}
