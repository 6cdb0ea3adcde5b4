//! The one seam through which time, ids and randomness come in.
//!
//! Nothing else asks the system for them (clippy's `disallowed-methods` sees to it), so a test can
//! hold the clock and repeat every id. Durations are measured with tokio's clock, which tests can
//! pause by itself.

use jiff::{SignedDuration, Timestamp};
use rand::{RngCore, SeedableRng, rngs::StdRng};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use uuid::Uuid;

/// Time, ids and randomness: the system's, or those of a test. Cheap to clone; clones of a fixed
/// one share its clock.
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
    /// The machine's clock and its secure source of randomness.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// For tests: a clock that stands at `start` until [`Env::advance`], and ids and bytes that
    /// follow from `seed`.
    #[must_use]
    pub fn fixed(start: Timestamp, seed: u64) -> Self {
        let fixed = Fixed { now: start, random: StdRng::seed_from_u64(seed), ids: 0 };
        Self(Source::Fixed(Arc::new(Mutex::new(fixed))))
    }

    /// Moves a fixed clock by `by`, for all its clones; the system's clock is left alone.
    pub fn advance(&self, by: SignedDuration) {
        if let Source::Fixed(fixed) = &self.0 {
            let mut fixed = lock(fixed);
            fixed.now = fixed.now.saturating_add(by).unwrap_or(fixed.now);
        }
    }

    /// The time of the day and year, in UTC, in whole microseconds as PostgreSQL keeps it: what is
    /// answered first is then what is read back for a repeat.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "this is the seam")]
            Source::System => Timestamp::now(),
            Source::Fixed(fixed) => lock(fixed).now,
        };
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// A new id, version 7: ids sort by the time they were made, also within one millisecond.
    #[must_use]
    pub fn uuid(&self) -> Uuid {
        match &self.0 {
            #[expect(clippy::disallowed_methods, reason = "this is the seam")]
            Source::System => Uuid::now_v7(),
            Source::Fixed(fixed) => lock(fixed).uuid(),
        }
    }

    /// `N` random bytes, fit for keys and tokens when they are the system's.
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
        // The counter goes where version 7 keeps its order within a millisecond: 12 bits.
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
    fn a_fixed_environment_repeats_itself_by_its_seed() {
        let make = |seed| {
            let env = Env::fixed(Timestamp::UNIX_EPOCH, seed);
            (env.uuid(), env.bytes::<16>(), env.now())
        };
        assert_eq!(make(7), make(7));
        assert_ne!(make(7), make(8));
    }

    #[test]
    fn a_fixed_clock_stands_until_moved_and_its_clones_move_along() {
        let env = Env::fixed(Timestamp::UNIX_EPOCH, 0);
        let clone = env.clone();
        assert_eq!(env.now(), Timestamp::UNIX_EPOCH);
        env.advance(SignedDuration::from_secs(90));
        assert_eq!(clone.now().as_second(), 90);
    }

    #[test]
    fn ids_are_version_7_and_sort_in_the_order_they_were_made() {
        for env in [Env::system(), Env::fixed(Timestamp::UNIX_EPOCH, 3)] {
            let ids: Vec<Uuid> = (0..1000).map(|_| env.uuid()).collect();
            assert!(ids.is_sorted());
            assert!(ids.iter().all(|id| id.get_version_num() == 7));
        }
    }
}
