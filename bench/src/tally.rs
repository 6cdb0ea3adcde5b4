//! The results of a run: latencies, errors, and whether the rate was sustained.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::schedule::Schedule;
use crate::workload::Step;

/// The highest latency that is recorded, in microseconds: a minute, which is more than the timeout
/// of a request.
const MAX_MICROS: u64 = 60_000_000;

/// The precision of recorded latencies, in significant decimal digits.
const SIGNIFICANT_DIGITS: u8 = 3;

/// The share of the arrivals that must be answered for a rate to be sustained, of those that there
/// was time to answer.
const SUSTAINED_SHARE: f64 = 0.99;

/// The most distinct errors that are counted; the rest is counted as `other`.
const MAX_REASONS: usize = 20;

/// The results of the arrivals of one shopper, or of all.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    schedule: Schedule,
    latencies: BTreeMap<Step, Latencies>,
    errors: BTreeMap<String, u64>,
    /// Arrivals that were not sent before the end of the grace period.
    dropped: u64,
    requests: u64,
    /// Arrivals that were answered before the end of the schedule.
    in_time: u64,
    /// The time of the last response, from the start.
    last_response: Duration,
}

impl Tally {
    /// Creates an empty tally.
    pub(crate) fn new(schedule: Schedule) -> Self {
        Self {
            schedule,
            latencies: BTreeMap::new(),
            errors: BTreeMap::new(),
            dropped: 0,
            requests: 0,
            in_time: 0,
            last_response: Duration::ZERO,
        }
    }

    /// Records an arrival that was answered `elapsed` after the start and `latency` after its due
    /// time.
    pub(crate) fn record_response(&mut self, step: Step, latency: Duration, elapsed: Duration) {
        self.latencies.entry(step).or_default().record(latency);
        self.requests += step.requests();
        self.in_time += u64::from(elapsed <= self.schedule.duration);
        self.last_response = self.last_response.max(elapsed);
    }

    /// Records an arrival that failed or was not answered.
    pub(crate) fn record_error(&mut self, reason: String) {
        let known = self.errors.len() < MAX_REASONS || self.errors.contains_key(&reason);
        let reason = if known { reason } else { "other".to_owned() };
        *self.errors.entry(reason).or_default() += 1;
    }

    /// Records an arrival that was not sent, because no shopper was free before the end of the
    /// grace period.
    pub(crate) fn record_dropped(&mut self) {
        self.dropped += 1;
    }

    /// Adds the results of another part of the same run.
    pub(crate) fn merge(&mut self, other: Self) {
        for (step, latencies) in other.latencies {
            self.latencies.entry(step).or_default().add(&latencies);
        }
        for (reason, count) in other.errors {
            *self.errors.entry(reason).or_default() += count;
        }
        self.dropped += other.dropped;
        self.requests += other.requests;
        self.in_time += other.in_time;
        self.last_response = self.last_response.max(other.last_response);
    }

    /// Returns the number of errors by reason.
    pub(crate) fn errors(&self) -> &BTreeMap<String, u64> {
        &self.errors
    }

    /// Returns the results of all steps together.
    pub(crate) fn summary(&self) -> Summary {
        let mut all = Latencies::default();
        self.latencies.values().for_each(|latencies| all.add(latencies));
        let secs = self.last_response.max(self.schedule.duration).as_secs_f64();
        let errors = self.errors.values().sum();
        Summary {
            offered: self.schedule.rate,
            achieved: all.count() as f64 / secs,
            requests: self.requests as f64 / secs,
            latencies: all.percentiles(),
            errors,
            dropped: self.dropped,
            sustained: errors == 0 && self.dropped == 0 && self.kept_pace(&all),
        }
    }

    /// Returns whether responses kept pace with arrivals.
    ///
    /// Arrivals that came due within the median latency before the end cannot have been answered in
    /// time; of the others nearly all must have been. This detects a growing queue although the
    /// latency that the queue causes is subtracted: at the end the queue is twice as long as on
    /// average.
    fn kept_pace(&self, all: &Latencies) -> bool {
        let schedule = self.schedule;
        let answerable = schedule.due_count(schedule.duration.saturating_sub(all.median()));
        self.in_time as f64 >= SUSTAINED_SHARE * answerable as f64
    }

    /// Returns the latencies of each step.
    pub(crate) fn steps(&self) -> Vec<StepLatencies> {
        let step = |(step, latencies): (&Step, &Latencies)| StepLatencies {
            step: *step,
            count: latencies.count(),
            latencies: latencies.percentiles(),
        };
        self.latencies.iter().map(step).collect()
    }
}

/// The result of a run at one rate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Summary {
    /// Scheduled arrivals per second.
    pub(crate) offered: u32,
    /// Answered arrivals per second.
    pub(crate) achieved: f64,
    /// Answered requests per second. An arrival may consist of two requests.
    pub(crate) requests: f64,
    pub(crate) latencies: Percentiles,
    pub(crate) errors: u64,
    pub(crate) dropped: u64,
    /// Whether the rate was sustained: nothing failed, and responses kept pace with arrivals.
    pub(crate) sustained: bool,
}

/// The latencies of one step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepLatencies {
    pub(crate) step: Step,
    pub(crate) count: u64,
    pub(crate) latencies: Percentiles,
}

/// Latencies in milliseconds, from the due time of an arrival to the end of its last response.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Percentiles {
    pub(crate) p50: f64,
    pub(crate) p95: f64,
    pub(crate) p99: f64,
    pub(crate) max: f64,
}

#[derive(Clone, Debug)]
struct Latencies(Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        #[expect(clippy::expect_used, reason = "these bounds are valid ones")]
        Self(Histogram::new_with_bounds(1, MAX_MICROS, SIGNIFICANT_DIGITS).expect("valid bounds"))
    }
}

impl Latencies {
    fn record(&mut self, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(MAX_MICROS);
        self.0.saturating_record(micros.max(1));
    }

    fn add(&mut self, other: &Self) {
        #[expect(clippy::expect_used, reason = "all have the same bounds")]
        self.0.add(&other.0).expect("the same bounds");
    }

    fn count(&self) -> u64 {
        self.0.len()
    }

    fn median(&self) -> Duration {
        Duration::from_micros(self.0.value_at_quantile(0.5))
    }

    fn percentiles(&self) -> Percentiles {
        let millis = |quantile| self.0.value_at_quantile(quantile) as f64 / 1000.0;
        let max = self.0.max() as f64 / 1000.0;
        Percentiles { p50: millis(0.50), p95: millis(0.95), p99: millis(0.99), max }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Schedule = Schedule { rate: 100, duration: Duration::from_secs(1) };

    /// Returns `count` responses, starting with number `first`. Response n has a latency of n ms
    /// and comes n ms after the start.
    fn responses(first: u64, count: u64) -> Tally {
        let mut tally = Tally::new(SECOND);
        for millis in first..first + count {
            let millis = Duration::from_millis(millis);
            tally.record_response(Step::List, millis, millis);
        }
        tally
    }

    /// Returns responses to all arrivals of [`SECOND`], each with the latency for its due time.
    fn all_answered(latency: impl Fn(Duration) -> Duration) -> Tally {
        let mut tally = Tally::new(SECOND);
        for due_at in (0..SECOND.count()).map(|index| SECOND.due_at(index)) {
            tally.record_response(Step::List, latency(due_at), due_at + latency(due_at));
        }
        tally
    }

    #[test]
    fn merged_parts_equal_the_whole() {
        let mut parts = responses(1, 50);
        parts.merge(responses(51, 50));
        parts.merge(Tally::new(SECOND));
        let (parts, whole) = (parts.summary(), responses(1, 100).summary());
        assert_eq!(format!("{parts:?}"), format!("{whole:?}"));
        assert_eq!(whole.achieved, 100.0);
        // Three significant digits.
        for (actual, expected) in [(whole.latencies.p50, 50.0), (whole.latencies.p99, 99.0)] {
            assert!((actual - expected).abs() / expected < 0.001, "{actual} for {expected}");
        }
    }

    #[test]
    fn requests_are_counted_separately_from_arrivals() {
        let mut tally = Tally::new(SECOND);
        tally.record_response(Step::Checkout, Duration::ZERO, Duration::ZERO);
        tally.record_response(Step::Product, Duration::ZERO, Duration::ZERO);
        let summary = tally.summary();
        assert_eq!((summary.achieved, summary.requests), (2.0, 3.0));
    }

    #[test]
    fn rate_is_sustained_if_answerable_arrivals_are_answered() {
        for millis in [0, 1, 99, 500] {
            let summary = all_answered(|_| Duration::from_millis(millis)).summary();
            assert!(summary.sustained, "{summary:?}");
        }
    }

    /// Of 100 arrivals per second, 97 are answered: the queueing time grows by 3 % of the elapsed
    /// time.
    #[test]
    fn rate_with_a_growing_queue_is_not_sustained() {
        let growing = |due_at: Duration| Duration::from_millis(5) + due_at.mul_f64(0.03);
        assert!(!all_answered(growing).summary().sustained);
    }

    #[test]
    fn rate_with_an_error_or_a_dropped_arrival_is_not_sustained() {
        let immediate = || all_answered(|_| Duration::ZERO);
        let (mut failed, mut dropped) = (immediate(), immediate());
        failed.record_error("503".to_owned());
        dropped.record_dropped();
        for tally in [failed, dropped] {
            assert!(!tally.summary().sustained, "{tally:?}");
        }
    }

    #[test]
    fn distinct_errors_are_bounded() {
        let mut tally = Tally::new(SECOND);
        (0..100).for_each(|reason| tally.record_error(format!("reason {reason}")));
        assert_eq!(tally.errors().len(), MAX_REASONS + 1);
        assert_eq!(tally.summary().errors, 100);
    }
}
