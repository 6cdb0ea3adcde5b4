//! Exponential backoff with jitter.

use std::time::Duration;

/// The largest exponent: 2^16 times any first delay used here exceeds its longest delay.
const MAX_DOUBLINGS: u32 = 16;

/// The part of a delay that jitter can subtract. Jitter spreads the retries of many Storefronts
/// after an outage of the API server.
const JITTER: f64 = 0.2;

/// The bounds of an exponential backoff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The delay before the first retry.
    pub first: Duration,
    /// The longest delay.
    pub longest: Duration,
}

impl Backoff {
    /// Creates a backoff that doubles from `first` to `longest`.
    #[must_use]
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest }
    }

    /// Returns the delay before retry number `attempts + 1`: `first`, doubled `attempts` times, at
    /// most `longest`.
    #[must_use]
    pub fn delay(self, attempts: u32) -> Duration {
        self.first.saturating_mul(1_u32 << attempts.min(MAX_DOUBLINGS)).min(self.longest)
    }
}

/// Shortens a delay by up to 20 %. `random` is a number from 0 to 1.
#[must_use]
pub fn with_jitter(delay: Duration, random: f64) -> Duration {
    delay.mul_f64(1.0 - JITTER * random.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_shortens_a_delay_by_at_most_a_fifth() {
        let delay = Duration::from_secs(10);
        for (random, millis) in [(0.0, 10_000), (0.5, 9_000), (1.0, 8_000), (-1.0, 10_000)] {
            assert_eq!(with_jitter(delay, random).as_millis(), millis, "{random}");
        }
    }

    #[test]
    fn delays_double_up_to_longest() {
        let backoff = Backoff::new(Duration::from_secs(2), Duration::from_secs(120));
        let delays: Vec<_> = (0..9).map(|attempts| backoff.delay(attempts).as_secs()).collect();
        assert_eq!(delays, [2, 4, 8, 16, 32, 64, 120, 120, 120]);
        assert_eq!(backoff.delay(u32::MAX), Duration::from_secs(120));
    }
}
