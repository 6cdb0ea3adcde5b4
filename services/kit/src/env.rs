//! The interface for time, ids and randomness.
//!
//! Nothing else reads them from the system (clippy's `disallowed-methods` enforces it), so a test
//! can control the clock and reproduce every id. Durations are measured with tokio's clock, which
//! tests pause separately.

use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// Source of time, ids and randomness: the system, or fixed for a test. Cheap to clone; the clones
/// of a fixed environment share its clock.
#[derive(Clone, Debug, Default)]
pub struct Env(Source);

#[derive(Clone, Debug, Default)]
enum Source {
    #[default]
    System,
    Fixed(Arc<Mutex<Fixed>>),
}

#[derive(Debug)]
struct Fixed {
    now: Timestamp,
    random: StdRng,
    ids: u16,
}

impl Env {
    /// The system clock and its secure random generator.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// For tests: a clock that stands at `start` until [`Env::advance`], and ids and bytes derived
    /// from `seed`.
    #[must_use]
    pub fn fixed(start: Timestamp, seed: u64) -> Self {
        let fixed = Fixed { now: start, random: StdRng::seed_from_u64(seed), ids: 0 };
        Self(Source::Fixed(Arc::new(Mutex::new(fixed))))
    }

    /// Advances a fixed clock, for all its clones. Does nothing to the system clock.
    pub fn advance(&self, duration: SignedDuration) {
        if let Source::Fixed(fixed) = &self.0 {
            let mut fixed = lock(fixed);
            fixed.now = fixed.now.saturating_add(duration).unwrap_or(fixed.now);
        }
    }

    /// Returns the current time in whole microseconds, the precision of PostgreSQL, so that the
    /// response to a repeated request, which contains the stored time, equals the first response.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the system")]
            Source::System => Timestamp::now(),
            Source::Fixed(fixed) => lock(fixed).now,
        };
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// Generates an id of version 7: ids sort by creation time, also within one millisecond.
    #[must_use]
    pub fn uuid(&self) -> Uuid {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "the one place that reads the system")]
            Source::System => Uuid::now_v7(),
            Source::Fixed(fixed) => lock(fixed).uuid(),
        }
    }

    /// Generates a uniformly distributed random number, such as for jitter.
    #[must_use]
    pub fn random(&self) -> u64 {
        u64::from_le_bytes(self.bytes())
    }

    /// Generates `N` random bytes. Those of the system are suitable for keys and tokens.
    #[must_use]
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match &self.0 {
            Source::System => rand::rng().fill_bytes(&mut bytes),
            Source::Fixed(fixed) => lock(fixed).random.fill_bytes(&mut bytes),
        }
        bytes
    }
}

impl Fixed {
    fn uuid(&mut self) -> Uuid {
        let millis = u64::try_from(self.now.as_millisecond()).unwrap_or(0);
        let mut tail = [0; 10];
        self.random.fill_bytes(&mut tail);
        // Version 7 orders ids within a millisecond by these 12 bits.
        let counter = (self.ids & 0x0fff).to_be_bytes();
        self.ids = self.ids.wrapping_add(1);
        tail[..2].copy_from_slice(&counter);
        uuid::Builder::from_unix_timestamp_millis(millis, &tail).into_uuid()
    }
}

fn lock(fixed: &Mutex<Fixed>) -> MutexGuard<'_, Fixed> {
    fixed.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_environment_is_reproducible_by_seed() {
        let generate = |seed| {
            let env = Env::fixed(Timestamp::UNIX_EPOCH, seed);
            (env.uuid(), env.bytes::<16>(), env.now())
        };
        assert_eq!(generate(7), generate(7));
        assert_ne!(generate(7), generate(8));
    }

    #[test]
    fn advancing_a_fixed_clock_advances_its_clones() {
        let env = Env::fixed(Timestamp::UNIX_EPOCH, 0);
        let clone = env.clone();
        assert_eq!(env.now(), Timestamp::UNIX_EPOCH);
        env.advance(SignedDuration::from_secs(90));
        assert_eq!(clone.now().as_second(), 90);
    }

    #[test]
    fn ids_are_version_7_and_sort_by_creation() {
        for env in [Env::system(), Env::fixed(Timestamp::UNIX_EPOCH, 3)] {
            let ids: Vec<Uuid> = (0..1000).map(|_| env.uuid()).collect();
            assert!(ids.is_sorted());
            assert!(ids.iter().all(|id| id.get_version_num() == 7));
        }
    }
}
