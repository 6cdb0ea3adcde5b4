//! The token bucket, as a rule without clock and without storage.
//!
//! A bucket holds `burst` tokens and gains one every `interval`. Instead of counting tokens, one
//! number is kept: the instant at which the bucket will be full again ("full at"). Taking a token
//! moves it one interval into the future; a token is there as long as the bucket would not need
//! more than `burst` intervals to fill. The script in `script.lua` is this rule again, with the
//! clock of Redis; a test holds the two together.

use std::time::Duration;

const MINUTE_MICROS: u64 = 60_000_000;

/// How much a bucket allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    interval_micros: u64,
    burst: u32,
}

impl Quota {
    /// `per_minute` tokens a minute, at most `burst` at once; none when a number is 0: no limit.
    pub(crate) fn new(per_minute: u32, burst: u32) -> Option<Self> {
        let interval_micros = MINUTE_MICROS.checked_div(u64::from(per_minute))?.max(1);
        (burst > 0).then_some(Self { interval_micros, burst })
    }

    /// The time in which one token comes back, in microseconds.
    pub(crate) fn interval_micros(self) -> u64 {
        self.interval_micros
    }

    /// How many tokens the bucket holds.
    pub(crate) fn burst(self) -> u32 {
        self.burst
    }

    fn capacity_micros(self) -> u64 {
        self.interval_micros * u64::from(self.burst)
    }
}

/// Takes a token at `now` from a bucket that is full at `full_at`: the new "full at" when there was
/// one. Both are microseconds of one clock.
pub(crate) fn take(quota: Quota, full_at: u64, now: u64) -> Option<u64> {
    // Clamped on both sides: a bucket long forgotten is full, and one written under a larger quota,
    // or before a clock went back, is at worst empty.
    let full_at = full_at.clamp(now, now + quota.capacity_micros());
    let after = full_at + quota.interval_micros;
    (after - now <= quota.capacity_micros()).then_some(after)
}

/// What the caller is told about its bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Whether the request may go on.
    pub(crate) allowed: bool,
    /// Tokens the bucket holds when full.
    pub(crate) limit: u32,
    /// Tokens left now.
    pub(crate) remaining: u32,
    /// Until the bucket is full again, in whole seconds, rounded up.
    pub(crate) reset_secs: u64,
    /// Until there is a token again, in whole seconds, rounded up; 0 when there is one.
    pub(crate) retry_after_secs: u64,
}

impl Verdict {
    /// Reads a bucket that needs `fill` to be full again.
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
}

fn secs(micros: u64) -> u64 {
    micros.div_ceil(1_000_000)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Quota, Verdict, take};

    const SECOND: u64 = 1_000_000;

    fn quota(per_minute: u32, burst: u32) -> Quota {
        Quota::new(per_minute, burst).expect("a limit")
    }

    /// How many of `tries` at the same instant get a token, and the "full at" after them.
    fn drain(quota: Quota, mut full_at: u64, now: u64, tries: u32) -> (u32, u64) {
        let mut taken = 0;
        for _ in 0..tries {
            if let Some(after) = take(quota, full_at, now) {
                (taken, full_at) = (taken + 1, after);
            }
        }
        (taken, full_at)
    }

    #[test]
    fn zero_turns_a_limit_off() {
        assert_eq!(Quota::new(0, 100), None);
        assert_eq!(Quota::new(100, 0), None);
    }

    #[test]
    fn a_full_bucket_gives_its_burst_and_no_more() {
        assert_eq!(drain(quota(60, 5), 0, 100 * SECOND, 20).0, 5);
    }

    #[test]
    fn tokens_come_back_one_by_one() {
        let quota = quota(60, 5);
        let (_, full_at) = drain(quota, 0, 100 * SECOND, 5);
        assert_eq!(take(quota, full_at, 100 * SECOND + SECOND - 1), None);
        assert_eq!(drain(quota, full_at, 103 * SECOND, 9).0, 3);
    }

    #[test]
    fn a_minute_never_allows_more_than_the_burst_and_the_rate() {
        let quota = quota(100, 100);
        let (mut taken, mut full_at) = (0, 0);
        for step in 0..60_000 {
            let (more, after) = drain(quota, full_at, 100 * SECOND + step * 1000, 1);
            (taken, full_at) = (taken + more, after);
        }
        assert!((199..=200).contains(&taken), "{taken}");
    }

    #[test]
    fn a_clock_that_goes_back_empties_at_worst_and_heals_in_one_fill() {
        let quota = quota(60, 5);
        let far = 10_000 * SECOND;
        assert_eq!(take(quota, far, SECOND), None);
        assert!(take(quota, far.min(SECOND + 5 * SECOND), 2 * SECOND).is_some());
    }

    #[test]
    fn the_verdict_counts_tokens_and_seconds() {
        let quota = quota(60, 5);
        let fresh = Verdict::new(quota, true, Duration::from_secs(1));
        assert_eq!((fresh.limit, fresh.remaining, fresh.reset_secs), (5, 4, 1));
        assert_eq!(fresh.retry_after_secs, 0);
        let empty = Verdict::new(quota, false, Duration::from_millis(4_300));
        assert_eq!((empty.remaining, empty.reset_secs, empty.retry_after_secs), (0, 5, 1));
    }
}
