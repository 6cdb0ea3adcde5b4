//! When requests are meant to start: at a fixed rate, whatever becomes of those before.

use std::time::Duration;

/// Highest rate that is tried: far above what one machine answers, so that a search ends.
pub(crate) const MAX_RATE: u32 = 200_000;

/// Longest time of one run, so that a slip of the keyboard does not load a machine for days.
pub(crate) const MAX_SECS: u64 = 600;

/// So many arrivals a second, evenly spaced, for so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    pub(crate) rate: u32,
    pub(crate) length: Duration,
}

impl Schedule {
    /// Arrivals in all.
    pub(crate) fn count(self) -> u64 {
        self.arrived(self.length)
    }

    /// Arrivals that are due `elapsed` after the start; the first one is due at once.
    pub(crate) fn arrived(self, elapsed: Duration) -> u64 {
        let nanos = elapsed.min(self.length).as_nanos();
        u64::try_from((nanos * u128::from(self.rate)).div_ceil(NANOS)).unwrap_or(u64::MAX)
    }

    /// When arrival `index` is due, from the start.
    pub(crate) fn due(self, index: u64) -> Duration {
        let nanos = u128::from(index) * NANOS / u128::from(self.rate.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

const NANOS: u128 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_are_evenly_spaced_and_as_many_as_the_rate_says() {
        for (rate, secs) in [(1, 1), (3, 2), (7, 5), (1000, 6), (MAX_RATE, MAX_SECS)] {
            let schedule = Schedule { rate, length: Duration::from_secs(secs) };
            let count = u64::from(rate) * secs;
            assert_eq!(schedule.count(), count);
            assert_eq!(schedule.due(0), Duration::ZERO);
            assert_eq!(schedule.due(u64::from(rate)), Duration::from_secs(1));
            assert!(schedule.due(count - 1) < schedule.length);
        }
    }

    #[test]
    fn an_arrival_counts_from_the_time_it_is_due() {
        let schedule = Schedule { rate: 10, length: Duration::from_secs(1) };
        let millis = |millis| schedule.arrived(Duration::from_millis(millis));
        assert_eq!([0, 1, 100, 101, 899, 901, 5000].map(millis), [0, 1, 1, 2, 9, 10, 10]);
        for index in 0..schedule.count() {
            let just_after = schedule.due(index) + Duration::from_nanos(1);
            assert_eq!(schedule.arrived(just_after), index + 1, "{index}");
        }
    }
}
