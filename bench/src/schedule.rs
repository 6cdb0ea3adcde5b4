//! The schedule of arrivals: a fixed rate that does not depend on responses.

use std::time::Duration;

/// The highest rate that is tried: far above what one machine sustains, so that a search ends.
pub(crate) const MAX_RATE: u32 = 200_000;

/// The longest run, in seconds, so that a typing error does not load a machine for days.
pub(crate) const MAX_SECS: u64 = 3600;

/// Evenly spaced arrivals at a fixed rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    /// Arrivals per second.
    pub(crate) rate: u32,
    /// The duration of the run.
    pub(crate) duration: Duration,
}

impl Schedule {
    /// Returns the number of arrivals.
    pub(crate) fn count(self) -> u64 {
        self.due_count(self.duration)
    }

    /// Returns the number of arrivals that are due `elapsed` after the start. The first one is due
    /// at the start.
    pub(crate) fn due_count(self, elapsed: Duration) -> u64 {
        let nanos = elapsed.min(self.duration).as_nanos();
        u64::try_from((nanos * u128::from(self.rate)).div_ceil(NANOS)).unwrap_or(u64::MAX)
    }

    /// Returns the time from the start at which arrival `index` is due.
    pub(crate) fn due_at(self, index: u64) -> Duration {
        let nanos = u128::from(index) * NANOS / u128::from(self.rate.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

const NANOS: u128 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_are_evenly_spaced_at_the_rate() {
        for (rate, secs) in [(1, 1), (3, 2), (7, 5), (1000, 6), (MAX_RATE, MAX_SECS)] {
            let schedule = Schedule { rate, duration: Duration::from_secs(secs) };
            let count = u64::from(rate) * secs;
            assert_eq!(schedule.count(), count);
            assert_eq!(schedule.due_at(0), Duration::ZERO);
            assert_eq!(schedule.due_at(u64::from(rate)), Duration::from_secs(1));
            assert!(schedule.due_at(count - 1) < schedule.duration);
        }
    }

    #[test]
    fn due_count_includes_an_arrival_from_its_due_time() {
        let schedule = Schedule { rate: 10, duration: Duration::from_secs(1) };
        let millis = |millis| schedule.due_count(Duration::from_millis(millis));
        assert_eq!([0, 1, 100, 101, 899, 901, 5000].map(millis), [0, 1, 1, 2, 9, 10, 10]);
        for index in 0..schedule.count() {
            let just_after = schedule.due_at(index) + Duration::from_nanos(1);
            assert_eq!(schedule.due_count(just_after), index + 1, "{index}");
        }
    }
}
