//! What came of a run.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::schedule::Schedule;
use crate::workload::Step;

/// Latencies are kept in microseconds up to a minute, which is more than any request is waited for,
/// to three digits.
const MAX_MICROS: u64 = 60_000_000;
const DIGITS: u8 = 3;

/// Of what had the time to be answered, so much has to be for a rate to be sustained.
const SUSTAINED: f64 = 0.99;

/// Different errors that are told apart; the rest share a name.
const MAX_REASONS: usize = 20;

/// What came of the arrivals of one worker, or of all.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    schedule: Schedule,
    latencies: BTreeMap<Step, Latencies>,
    errors: BTreeMap<String, u64>,
    /// Never asked, for the time was over.
    missed: u64,
    requests: u64,
    /// Answered before the schedule ended.
    in_time: u64,
    /// When the last answer came, from the start.
    last: Duration,
}

impl Tally {
    /// Nothing yet.
    pub(crate) fn of(schedule: Schedule) -> Self {
        Self {
            schedule,
            latencies: BTreeMap::new(),
            errors: BTreeMap::new(),
            missed: 0,
            requests: 0,
            in_time: 0,
            last: Duration::ZERO,
        }
    }

    /// An arrival that was answered at `at` from the start, `latency` after it was due.
    pub(crate) fn answered(&mut self, step: Step, latency: Duration, at: Duration) {
        self.latencies.entry(step).or_default().record(latency);
        self.requests += step.requests();
        self.in_time += u64::from(at <= self.schedule.length);
        self.last = self.last.max(at);
    }

    /// An arrival that was refused, or not answered.
    pub(crate) fn failed(&mut self, reason: String) {
        let known = self.errors.len() < MAX_REASONS || self.errors.contains_key(&reason);
        let reason = if known { reason } else { "other".to_owned() };
        *self.errors.entry(reason).or_default() += 1;
    }

    /// An arrival that nobody was free for until the time was over.
    pub(crate) fn missed(&mut self) {
        self.missed += 1;
    }

    /// Both together: they are parts of one run.
    pub(crate) fn merge(&mut self, other: Self) {
        for (step, latencies) in other.latencies {
            self.latencies.entry(step).or_default().add(&latencies);
        }
        for (reason, count) in other.errors {
            *self.errors.entry(reason).or_default() += count;
        }
        self.missed += other.missed;
        self.requests += other.requests;
        self.in_time += other.in_time;
        self.last = self.last.max(other.last);
    }

    /// Why arrivals failed, and how often.
    pub(crate) fn errors(&self) -> &BTreeMap<String, u64> {
        &self.errors
    }

    /// The line of a table that tells of all steps together.
    pub(crate) fn summary(&self) -> Summary {
        let mut all = Latencies::default();
        self.latencies.values().for_each(|latencies| all.add(latencies));
        let secs = self.last.max(self.schedule.length).as_secs_f64();
        let errors = self.errors.values().sum();
        Summary {
            offered: self.schedule.rate,
            achieved: all.count() as f64 / secs,
            requests: self.requests as f64 / secs,
            latencies: all.percentiles(),
            errors,
            missed: self.missed,
            sustained: errors == 0 && self.missed == 0 && self.kept_up(&all),
        }
    }

    /// Whether answers came as fast as requests. What came due within the usual latency before the
    /// end cannot have been answered by then; of the rest nearly all must have been. A queue that
    /// grows shows here, although the latency that it makes is taken off: at the end the queue is
    /// twice as long as it was on the average.
    fn kept_up(&self, all: &Latencies) -> bool {
        let schedule = self.schedule;
        let had_time = schedule.arrived(schedule.length.saturating_sub(all.median()));
        self.in_time as f64 >= SUSTAINED * had_time as f64
    }

    /// Latencies of each step.
    pub(crate) fn steps(&self) -> Vec<(Step, u64, Percentiles)> {
        let told = |(step, of): (&Step, &Latencies)| (*step, of.count(), of.percentiles());
        self.latencies.iter().map(told).collect()
    }
}

/// What came of a run at one rate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Summary {
    /// Arrivals a second that were meant.
    pub(crate) offered: u32,
    /// Arrivals a second that were answered.
    pub(crate) achieved: f64,
    /// Requests a second that were answered: an arrival may be two.
    pub(crate) requests: f64,
    pub(crate) latencies: Percentiles,
    pub(crate) errors: u64,
    pub(crate) missed: u64,
    /// Whether the rate can be kept up: nothing failed, and answers came as fast as requests.
    pub(crate) sustained: bool,
}

/// Latencies in milliseconds, from when an arrival was due to the end of its last answer.
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
        Self(Histogram::new_with_bounds(1, MAX_MICROS, DIGITS).expect("valid bounds"))
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

    const SECOND: Schedule = Schedule { rate: 100, length: Duration::from_secs(1) };

    /// `count` answers from the one after `from` on: answer n after n ms, and n ms from the start.
    fn answers(from: u64, count: u64) -> Tally {
        let mut tally = Tally::of(SECOND);
        for millis in from..from + count {
            let millis = Duration::from_millis(millis);
            tally.answered(Step::List, millis, millis);
        }
        tally
    }

    /// All arrivals of [`SECOND`], each answered after what `latency` says of when it was due.
    fn all(latency: impl Fn(Duration) -> Duration) -> Tally {
        let mut tally = Tally::of(SECOND);
        for due in (0..SECOND.count()).map(|index| SECOND.due(index)) {
            tally.answered(Step::List, latency(due), due + latency(due));
        }
        tally
    }

    #[test]
    fn parts_merged_are_the_same_as_the_whole() {
        let mut parts = answers(1, 50);
        parts.merge(answers(51, 50));
        parts.merge(Tally::of(SECOND));
        let (parts, whole) = (parts.summary(), answers(1, 100).summary());
        assert_eq!(format!("{parts:?}"), format!("{whole:?}"));
        assert_eq!(whole.achieved, 100.0);
        // Three digits.
        for (found, expected) in [(whole.latencies.p50, 50.0), (whole.latencies.p99, 99.0)] {
            assert!((found - expected).abs() / expected < 0.001, "{found} for {expected}");
        }
    }

    #[test]
    fn requests_are_counted_apart_from_arrivals() {
        let mut tally = Tally::of(SECOND);
        tally.answered(Step::Checkout, Duration::ZERO, Duration::ZERO);
        tally.answered(Step::Product, Duration::ZERO, Duration::ZERO);
        let summary = tally.summary();
        assert_eq!((summary.achieved, summary.requests), (2.0, 3.0));
    }

    #[test]
    fn a_rate_is_sustained_when_what_had_the_time_was_answered() {
        for millis in [0, 1, 99, 500] {
            let summary = all(|_| Duration::from_millis(millis)).summary();
            assert!(summary.sustained, "{summary:?}");
        }
    }

    /// Of 100 a second, 97 are answered a second: the wait grows by 3 % of the time that passes.
    #[test]
    fn a_queue_that_grows_is_no_sustained_rate() {
        let growing = |due: Duration| Duration::from_millis(5) + due.mul_f64(0.03);
        assert!(!all(growing).summary().sustained);
    }

    #[test]
    fn an_error_or_a_missed_arrival_is_no_sustained_rate() {
        let (mut failed, mut missed) = (all(|_| Duration::ZERO), all(|_| Duration::ZERO));
        failed.failed("503".to_owned());
        missed.missed();
        for tally in [failed, missed] {
            assert!(!tally.summary().sustained, "{tally:?}");
        }
    }

    #[test]
    fn errors_are_told_apart_up_to_a_bound() {
        let mut tally = Tally::of(SECOND);
        (0..100).for_each(|reason| tally.failed(format!("reason {reason}")));
        assert_eq!(tally.errors().len(), MAX_REASONS + 1);
        assert_eq!(tally.summary().errors, 100);
    }
}
