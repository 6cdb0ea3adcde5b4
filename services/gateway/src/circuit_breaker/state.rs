//! State machine of the circuit breaker, without clock and without I/O.
//!
//! The circuit breaker opens when calls fail consecutively, and for longer than the replacement of
//! a pod takes. After [`OPEN_DURATION`] it becomes half-open: one call, the probe, finds out
//! whether the service has recovered. A response in any state closes the circuit breaker.

use std::time::Duration;

use tokio::time::Instant;

/// Consecutive failures before the circuit breaker opens.
const FAILURE_THRESHOLD: u32 = 5;

/// Minimum time between the first and the last of these failures. When a pod ends, all calls on its
/// connection fail at once, which does not mean that the other pods fail: a response of one of them
/// within this time keeps the circuit breaker closed.
const MIN_FAILURE_WINDOW: Duration = Duration::from_millis(500);

/// Time that the circuit breaker stays open before a probe. Short, because calls are rejected for
/// the whole time even if the service recovers earlier.
const OPEN_DURATION: Duration = Duration::from_secs(1);

/// State of the circuit breaker of one service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    /// Closed: calls pass, and the last one did not fail.
    #[default]
    Closed,
    /// Closed, but the last `failures` calls failed, the first of them at `since`.
    Failing { failures: u32, since: Instant },
    /// Open: calls are rejected until `until`.
    Open { until: Instant },
    /// Half-open: one probe is in flight; other calls are rejected.
    HalfOpen,
}

/// Decision whether a call may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// The call is sent normally.
    Call,
    /// The call is sent as the probe; other calls are rejected until it ends.
    Probe,
    /// The call is rejected; the caller may retry after this time.
    Rejected(Duration),
}

/// Outcome of an admitted call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The service responded, possibly with an error that the caller caused.
    Answered,
    /// The service was unreachable, reported itself unavailable, or missed the deadline.
    Failed,
    /// The caller dropped the call before it ended.
    Cancelled,
}

impl State {
    /// Decides at `now` whether a call may be sent.
    pub(super) fn admit(&mut self, now: Instant) -> Admission {
        match *self {
            Self::Closed | Self::Failing { .. } => Admission::Call,
            Self::Open { until } if now < until => Admission::Rejected(until - now),
            Self::Open { .. } => {
                *self = Self::HalfOpen;
                Admission::Probe
            }
            Self::HalfOpen => Admission::Rejected(OPEN_DURATION),
        }
    }

    /// Records at `now` the outcome of an admitted call.
    pub(super) fn record(&mut self, probe: bool, outcome: Outcome, now: Instant) {
        *self = match (*self, outcome) {
            (_, Outcome::Answered) => Self::Closed,
            (Self::HalfOpen, Outcome::Failed) if probe => Self::Open { until: now + OPEN_DURATION },
            // The next call replaces the cancelled probe.
            (Self::HalfOpen, Outcome::Cancelled) if probe => Self::Open { until: now },
            (Self::Closed, Outcome::Failed) => Self::Failing { failures: 1, since: now },
            (Self::Failing { failures, since }, Outcome::Failed) => {
                let failures = failures.saturating_add(1);
                match failures >= FAILURE_THRESHOLD && now >= since + MIN_FAILURE_WINDOW {
                    true => Self::Open { until: now + OPEN_DURATION },
                    false => Self::Failing { failures, since },
                }
            }
            // Calls that were in flight when it opened, and cancelled calls, change nothing.
            (state, Outcome::Failed | Outcome::Cancelled) => state,
        };
    }

    /// Whether calls are rejected: open or half-open.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::Open { .. } | Self::HalfOpen)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Admission, FAILURE_THRESHOLD, MIN_FAILURE_WINDOW, OPEN_DURATION, Outcome, State};

    /// Event or expectation of a scenario.
    #[derive(Clone, Copy)]
    enum Step {
        Record(bool, Outcome),
        ExpectAdmission(Admission),
        ExpectOpen(bool),
    }
    use Outcome::{Answered, Cancelled, Failed};
    use Step::{ExpectAdmission, ExpectOpen, Record};

    const CALL: Step = ExpectAdmission(Admission::Call);
    const PROBE: Step = ExpectAdmission(Admission::Probe);
    const FAILS: Step = Record(false, Failed);
    const ANSWERS: Step = Record(false, Answered);

    fn rejected(millis: u64) -> Step {
        ExpectAdmission(Admission::Rejected(Duration::from_millis(millis)))
    }

    /// Runs the steps, each at its time in milliseconds after `start`.
    fn run(mut state: State, start: Instant, steps: &[(u64, Step)]) {
        for (index, (millis, step)) in steps.iter().enumerate() {
            let now = start + Duration::from_millis(*millis);
            match *step {
                Record(probe, outcome) => state.record(probe, outcome, now),
                ExpectAdmission(expected) => assert_eq!(state.admit(now), expected, "step {index}"),
                ExpectOpen(expected) => assert_eq!(state.is_open(), expected, "step {index}"),
            }
        }
    }

    #[test]
    fn breaker_opens_after_threshold_and_min_failure_window() {
        assert_eq!((FAILURE_THRESHOLD, MIN_FAILURE_WINDOW.as_millis()), (5, 500));
        let start = Instant::now();
        let opens = [(0, FAILS), (10, FAILS), (20, FAILS), (30, FAILS), (500, FAILS)];
        run(State::default(), start, &[&opens[..], &[(500, ExpectOpen(true))]].concat());
        for stays_closed in [
            // Below the threshold.
            &[(0, FAILS), (10, FAILS), (20, FAILS), (900, FAILS)][..],
            // Within the minimum window.
            &[(0, FAILS), (1, FAILS), (2, FAILS), (3, FAILS), (4, FAILS), (499, FAILS)],
            // The failures are not consecutive.
            &[(0, FAILS), (1, FAILS), (2, FAILS), (3, ANSWERS), (4, FAILS), (600, FAILS)],
            // Cancelled calls do not count.
            &[(0, Record(false, Cancelled)), (600, Record(false, Cancelled)), (600, FAILS)],
        ] {
            run(
                State::default(),
                start,
                &[stays_closed, &[(900, ExpectOpen(false)), (900, CALL)]].concat(),
            );
        }
    }

    #[test]
    fn breaker_half_opens_after_open_duration() {
        assert_eq!(OPEN_DURATION.as_millis(), 1000);
        let start = Instant::now();
        let open = State::Open { until: start + OPEN_DURATION };
        let half_open =
            [(0, rejected(1000)), (900, rejected(100)), (1000, PROBE), (1001, rejected(1000))];
        for (event, expected) in [
            (Record(true, Answered), CALL),
            (Record(true, Failed), rejected(1000)),
            (Record(true, Cancelled), PROBE),
            // Calls from before it opened.
            (FAILS, rejected(1000)),
            (Record(false, Cancelled), rejected(1000)),
            (ANSWERS, CALL),
        ] {
            run(open, start, &[&half_open[..], &[(1002, event), (1002, expected)]].concat());
        }
    }

    #[test]
    fn response_to_earlier_call_closes_open_breaker() {
        let start = Instant::now();
        let open = State::Open { until: start + OPEN_DURATION };
        run(open, start, &[(1, ANSWERS), (1, ExpectOpen(false)), (1, CALL)]);
        run(open, start, &[(1, FAILS), (1, rejected(999))]);
    }
}
