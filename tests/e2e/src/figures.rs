//! Medians and percentiles of repeated measurements.

use std::fmt;
use std::time::Duration;

/// Sorted durations of repeated trials.
#[derive(Clone, Debug)]
pub struct Figures {
    sorted: Vec<Duration>,
}

impl Figures {
    /// Figures of these trials, at least one.
    #[must_use]
    pub fn new(mut trials: Vec<Duration>) -> Self {
        assert!(!trials.is_empty(), "no trials, no figures");
        trials.sort();
        Self { sorted: trials }
    }

    /// The value that half of the trials do not exceed.
    #[must_use]
    pub fn median(&self) -> Duration {
        self.percentile(50)
    }

    /// The value that 99 of 100 trials do not exceed.
    #[must_use]
    pub fn p99(&self) -> Duration {
        self.percentile(99)
    }

    /// The percentile by the nearest-rank method.
    fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.sorted.len() * percent).div_ceil(100);
        self.sorted[rank.max(1) - 1]
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, median, p99) = (self.sorted.len(), self.median(), self.p99());
        let millis = |duration: Duration| duration.as_secs_f64() * 1_000.0;
        write!(f, "{count} trials, median {:.1} ms, p99 {:.1} ms", millis(median), millis(p99))
    }
}
