//! Exponential backoff with jitter.
//!
//! A pure function of the number of attempts and a random value, so that callers can store the time
//! of the next attempt, and tests can reproduce it.

use std::time::Duration;

/// The largest jitter, in percent of the delay, in both directions.
const JITTER_PERCENT: u64 = 20;

/// An exponential backoff: the delay starts at a base, doubles with each attempt, and is limited to
/// a maximum.
///
/// ```
/// # use kit::backoff::Backoff;
/// # use std::time::Duration;
/// const RETRY: Backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(15));
/// assert_eq!(RETRY.delay(3), Duration::from_secs(1));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    base: Duration,
    max: Duration,
}

impl Backoff {
    /// Creates a backoff with the delay after the first attempt and the longest delay.
    #[must_use]
    pub const fn new(base: Duration, max: Duration) -> Self {
        Self { base, max }
    }

    /// Returns the delay after the attempt of this number, from 1, without jitter. 0 counts as 1.
    #[must_use]
    pub fn delay(&self, attempts: u32) -> Duration {
        let factor = 1_u32.checked_shl(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.max)
    }

    /// Returns the delay with a jitter of at most ±20 %, so that clients that failed together do
    /// not retry together. It is never longer than the maximum. `random` is a uniformly distributed
    /// value ([`crate::Env::random`]).
    #[must_use]
    pub fn delay_with_jitter(&self, attempts: u32, random: u64) -> Duration {
        // 80.0 % to 120.0 % in steps of a thousandth.
        let per_mille = 1000 - JITTER_PERCENT * 10 + random % (JITTER_PERCENT * 20 + 1);
        let factor = u32::try_from(per_mille).unwrap_or(1000);
        (self.delay(attempts) / 1000).saturating_mul(factor).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BACKOFF: Backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(15));

    #[test]
    fn delay_doubles_up_to_the_maximum() {
        for (attempts, millis) in [
            (0, 250),
            (1, 250),
            (2, 500),
            (3, 1000),
            (6, 8000),
            (7, 15_000),
            (32, 15_000),
            (33, 15_000),
            (u32::MAX, 15_000),
        ] {
            assert_eq!(BACKOFF.delay(attempts), Duration::from_millis(millis), "{attempts}");
        }
        let unlimited = Backoff::new(Duration::from_secs(1), Duration::MAX);
        assert_eq!(unlimited.delay(u32::MAX), Duration::from_secs(u32::MAX.into()));
    }

    #[test]
    fn jitter_is_at_most_a_fifth_and_within_the_maximum() {
        for (attempts, random, millis) in [
            (1, 0, 200),
            (1, 200, 250),
            (1, 400, 300),
            (1, 401, 200),
            (3, 0, 800),
            (3, 400, 1200),
            (7, 0, 12_000),
            (7, 400, 15_000),
        ] {
            let delay = BACKOFF.delay_with_jitter(attempts, random);
            assert_eq!(delay, Duration::from_millis(millis), "{attempts}, {random}");
        }
        let delay = BACKOFF.delay_with_jitter(1, u64::MAX);
        assert!((200..=300).contains(&delay.as_millis()), "{delay:?}");
    }
}
