//! Token bucket, implemented as GCRA (generic cell rate algorithm), without clock and without I/O.
//!
//! A bucket holds `burst` tokens and gains one every `interval`. GCRA stores one timestamp instead
//! of a token count: the instant at which the bucket will be full again (`full_at`, the theoretical
//! arrival time of GCRA). Taking a token moves it one interval into the future; a token is
//! available as long as the bucket would not need more than `burst` intervals to fill. The script
//! `gcra.lua` implements the same algorithm with the clock of Redis; a test compares the two.

use std::time::Duration;

use http::{HeaderName, HeaderValue};

const MINUTE_MICROS: u64 = 60_000_000;

/// Rate and burst of a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    interval_micros: u64,
    burst: u32,
}

impl Quota {
    /// Creates a quota of `per_minute` tokens per minute and `burst` tokens at once. Returns none,
    /// which means no limit, when a number is 0.
    pub(crate) fn new(per_minute: u32, burst: u32) -> Option<Self> {
        let interval_micros = MINUTE_MICROS.checked_div(u64::from(per_minute))?.max(1);
        (burst > 0).then_some(Self { interval_micros, burst })
    }

    /// Time in which the bucket gains one token, in microseconds.
    pub(crate) fn interval_micros(self) -> u64 {
        self.interval_micros
    }

    /// Number of tokens in a full bucket.
    pub(crate) fn burst(self) -> u32 {
        self.burst
    }

    fn capacity_micros(self) -> u64 {
        self.interval_micros * u64::from(self.burst)
    }
}

/// Takes a token at `now` from a bucket that is full at `full_at`, and returns the new `full_at`,
/// or none when the bucket is empty. Both times are microseconds of the same clock.
pub(crate) fn take(quota: Quota, full_at: u64, now: u64) -> Option<u64> {
    // Clamped on both sides: a bucket unused for long is full, and one that was written under a
    // larger quota, or before the clock went back, is empty at worst.
    let full_at = full_at.clamp(now, now + quota.capacity_micros());
    let after = full_at + quota.interval_micros;
    (after - now <= quota.capacity_micros()).then_some(after)
}

/// Decision about a request, and the state of its bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RateLimitDecision {
    /// Whether the request may proceed.
    pub(crate) allowed: bool,
    /// Tokens in a full bucket.
    pub(crate) limit: u32,
    /// Tokens left.
    pub(crate) remaining: u32,
    /// Time until the bucket is full again, in whole seconds, rounded up.
    pub(crate) reset_secs: u64,
    /// Time until a token is available, in whole seconds, rounded up; 0 when one is available.
    pub(crate) retry_after_secs: u64,
}

impl RateLimitDecision {
    /// Creates the decision for a bucket that needs `fill` to be full again.
    pub(crate) fn new(quota: Quota, allowed: bool, fill: Duration) -> Self {
        let fill = u64::try_from(fill.as_micros()).unwrap_or(u64::MAX).min(quota.capacity_micros());
        let free = quota.capacity_micros() - fill;
        let remaining = u32::try_from(free / quota.interval_micros).unwrap_or(quota.burst);
        Self {
            allowed,
            limit: quota.burst,
            remaining,
            reset_secs: secs(fill),
            retry_after_secs: secs(quota.interval_micros.saturating_sub(free)),
        }
    }

    /// Returns the response headers that describe the bucket.
    pub(crate) fn headers(&self) -> [(HeaderName, HeaderValue); 3] {
        [
            ("ratelimit-limit", u64::from(self.limit)),
            ("ratelimit-remaining", u64::from(self.remaining)),
            ("ratelimit-reset", self.reset_secs),
        ]
        .map(|(name, number)| (HeaderName::from_static(name), HeaderValue::from(number)))
    }
}

fn secs(micros: u64) -> u64 {
    micros.div_ceil(1_000_000)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Quota, RateLimitDecision, take};

    const SECOND: u64 = 1_000_000;

    fn quota(per_minute: u32, burst: u32) -> Quota {
        Quota::new(per_minute, burst).expect("a limit")
    }

    /// Tries to take `tries` tokens at one instant. Returns the number taken and the new `full_at`.
    fn take_many(quota: Quota, mut full_at: u64, now: u64, tries: u32) -> (u32, u64) {
        let mut taken = 0;
        for _ in 0..tries {
            if let Some(after) = take(quota, full_at, now) {
                (taken, full_at) = (taken + 1, after);
            }
        }
        (taken, full_at)
    }

    #[test]
    fn zero_disables_the_limit() {
        assert_eq!(Quota::new(0, 100), None);
        assert_eq!(Quota::new(100, 0), None);
    }

    #[test]
    fn full_bucket_allows_exactly_its_burst() {
        assert_eq!(take_many(quota(60, 5), 0, 100 * SECOND, 20).0, 5);
    }

    #[test]
    fn tokens_are_refilled_one_per_interval() {
        let quota = quota(60, 5);
        let (_, full_at) = take_many(quota, 0, 100 * SECOND, 5);
        assert_eq!(take(quota, full_at, 100 * SECOND + SECOND - 1), None);
        assert_eq!(take_many(quota, full_at, 103 * SECOND, 9).0, 3);
    }

    #[test]
    fn one_minute_allows_at_most_burst_plus_rate() {
        let quota = quota(100, 100);
        let (mut taken, mut full_at) = (0, 0);
        for step in 0..60_000 {
            let (more, after) = take_many(quota, full_at, 100 * SECOND + step * 1000, 1);
            (taken, full_at) = (taken + more, after);
        }
        assert!((199..=200).contains(&taken), "{taken}");
    }

    #[test]
    fn clock_going_back_costs_at_most_one_fill() {
        let quota = quota(60, 5);
        let far = 10_000 * SECOND;
        assert_eq!(take(quota, far, SECOND), None);
        assert!(take(quota, far.min(SECOND + 5 * SECOND), 2 * SECOND).is_some());
    }

    #[test]
    fn decision_reports_tokens_and_seconds() {
        let quota = quota(60, 5);
        let allowed = RateLimitDecision::new(quota, true, Duration::from_secs(1));
        assert_eq!((allowed.limit, allowed.remaining, allowed.reset_secs), (5, 4, 1));
        assert_eq!(allowed.retry_after_secs, 0);
        let empty = RateLimitDecision::new(quota, false, Duration::from_millis(4_300));
        assert_eq!((empty.remaining, empty.reset_secs, empty.retry_after_secs), (0, 5, 1));
    }
}
