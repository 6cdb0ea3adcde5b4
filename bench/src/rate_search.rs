//! The search for the highest sustained rate: the rate is doubled until one is not sustained, then
//! the gap is bisected.

use crate::schedule::MAX_RATE;

/// The number of bisections. The result is then within 7 % of the highest sustained rate.
const BISECTIONS: u32 = 4;

/// The state of a search.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RateSearch {
    next: Option<u32>,
    /// The highest rate that was sustained.
    sustained: Option<u32>,
    /// The lowest rate that was not sustained.
    failed: Option<u32>,
    bisections_left: u32,
}

impl RateSearch {
    /// Creates a search that starts at `rate`.
    pub(crate) fn new(rate: u32) -> Self {
        let first = rate.clamp(1, MAX_RATE);
        Self { next: Some(first), sustained: None, failed: None, bisections_left: BISECTIONS }
    }

    /// Returns the rate to try next, or `None` if the search is complete.
    pub(crate) fn next(&self) -> Option<u32> {
        self.next
    }

    /// Records whether the rate of [`RateSearch::next`] was sustained.
    pub(crate) fn record(&mut self, sustained: bool) {
        let Some(rate) = self.next else { return };
        match sustained {
            true => self.sustained = Some(rate),
            false => self.failed = Some(rate),
        }
        self.next = match (self.sustained, self.failed) {
            (Some(good), None) if good < MAX_RATE => Some(good.saturating_mul(2).min(MAX_RATE)),
            (None, Some(bad)) if bad > 1 => Some(bad / 2),
            (Some(good), Some(bad)) if bad - good > 1 && self.bisections_left > 0 => {
                self.bisections_left -= 1;
                Some(good + (bad - good) / 2)
            }
            _ => None,
        };
    }

    /// Returns the highest rate that was sustained, if any.
    pub(crate) fn highest(&self) -> Option<u32> {
        self.sustained
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Searches from `start` where rates up to `limit` are sustained. Returns the rates that were
    /// tried and the result.
    fn search(start: u32, limit: u32) -> (Vec<u32>, Option<u32>) {
        let mut search = RateSearch::new(start);
        let mut tried = Vec::new();
        while let Some(rate) = search.next() {
            tried.push(rate);
            search.record(rate <= limit);
            assert!(tried.len() < 50, "the search does not end");
        }
        (tried, search.highest())
    }

    #[test]
    fn search_doubles_and_then_bisects() {
        let (tried, highest) = search(100, 510);
        assert_eq!(tried, [100, 200, 400, 800, 600, 500, 550, 525]);
        assert_eq!(highest, Some(500));
    }

    #[test]
    fn search_from_a_failing_rate_halves_first() {
        let (tried, highest) = search(1000, 300);
        assert_eq!(tried, [1000, 500, 250, 375, 312, 281, 296]);
        assert_eq!(highest, Some(296));
    }

    #[test]
    fn search_ends_if_no_rate_or_every_rate_is_sustained() {
        assert_eq!(search(1000, 0).1, None);
        assert_eq!(search(1, MAX_RATE).1, Some(MAX_RATE));
        assert_eq!(search(1, 1).1, Some(1));
    }

    #[test]
    fn result_is_close_to_the_limit() {
        for limit in [90, 333, 1024, 4999, 77_777] {
            let (_, highest) = search(64, limit);
            let highest = f64::from(highest.expect("some rate is sustained"));
            assert!(highest > f64::from(limit) * 0.93, "{highest} of {limit}");
        }
    }
}
