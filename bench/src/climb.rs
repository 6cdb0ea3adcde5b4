//! The search for the highest rate that is sustained: doubling, then halving the gap.

use crate::schedule::MAX_RATE;

/// Times the gap is halved: the answer is then within 7 % of the highest rate.
const HALVINGS: u32 = 4;

/// A search under way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Climb {
    next: Option<u32>,
    /// Highest rate that was sustained.
    sustained: Option<u32>,
    /// Lowest rate that was not.
    failed: Option<u32>,
    halvings: u32,
}

impl Climb {
    /// A search that begins at `rate`.
    pub(crate) fn from(rate: u32) -> Self {
        let first = rate.clamp(1, MAX_RATE);
        Self { next: Some(first), sustained: None, failed: None, halvings: HALVINGS }
    }

    /// The rate to be tried next. None: the search is over.
    pub(crate) fn next(&self) -> Option<u32> {
        self.next
    }

    /// Learns how the rate of [`Climb::next`] went.
    pub(crate) fn learn(&mut self, sustained: bool) {
        let Some(rate) = self.next else { return };
        match sustained {
            true => self.sustained = Some(rate),
            false => self.failed = Some(rate),
        }
        self.next = match (self.sustained, self.failed) {
            (Some(good), None) if good < MAX_RATE => Some(good.saturating_mul(2).min(MAX_RATE)),
            (None, Some(bad)) if bad > 1 => Some(bad / 2),
            (Some(good), Some(bad)) if bad - good > 1 && self.halvings > 0 => {
                self.halvings -= 1;
                Some(good + (bad - good) / 2)
            }
            _ => None,
        };
    }

    /// The highest rate that was sustained, if any was.
    pub(crate) fn highest(&self) -> Option<u32> {
        self.sustained
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rates tried from `start` where `limit` is sustained and nothing above, and the result.
    fn search(start: u32, limit: u32) -> (Vec<u32>, Option<u32>) {
        let mut climb = Climb::from(start);
        let mut tried = Vec::new();
        while let Some(rate) = climb.next() {
            tried.push(rate);
            climb.learn(rate <= limit);
            assert!(tried.len() < 50, "the search does not end");
        }
        (tried, climb.highest())
    }

    #[test]
    fn rates_double_and_then_the_gap_is_halved() {
        let (tried, highest) = search(100, 510);
        assert_eq!(tried, [100, 200, 400, 800, 600, 500, 550, 525]);
        assert_eq!(highest, Some(500));
    }

    #[test]
    fn a_start_that_is_too_high_goes_down_first() {
        let (tried, highest) = search(1000, 300);
        assert_eq!(tried, [1000, 500, 250, 375, 312, 281, 296]);
        assert_eq!(highest, Some(296));
    }

    #[test]
    fn it_ends_where_nothing_and_where_everything_is_sustained() {
        assert_eq!(search(1000, 0).1, None);
        assert_eq!(search(1, MAX_RATE).1, Some(MAX_RATE));
        assert_eq!(search(1, 1).1, Some(1));
    }

    #[test]
    fn the_answer_is_close_to_the_limit() {
        for limit in [90, 333, 1024, 4999, 77_777] {
            let (_, highest) = search(64, limit);
            let highest = f64::from(highest.expect("some rate is sustained"));
            assert!(highest > f64::from(limit) * 0.93, "{highest} of {limit}");
        }
    }
}
