//! When a service is left alone: the rule, without clock and without calls.
//!
//! A service whose calls fail in a row, and for longer than a pod takes to be replaced, is not
//! asked for a moment; then one call, the probe, finds out whether it is back. Any answer at any
//! time closes the breaker.

use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row before a service is left alone.
const FAILURES: u32 = 5;

/// How long they must go on. All calls on one connection fail at once when its pod ends, which says
/// nothing of the other pods: an answer of those within this time is enough.
const AT_LEAST: Duration = Duration::from_millis(500);

/// How long it is left alone: short, because callers are turned away also when it is back.
const LEFT_ALONE: Duration = Duration::from_secs(1);

/// What is known of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum State {
    /// It answers, as far as is known.
    #[default]
    Closed,
    /// The last calls failed: so many, since then.
    Failing { failures: u32, since: Instant },
    /// It is left alone until then.
    Open { until: Instant },
    /// One call is finding out.
    Probing,
}

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Admission {
    /// As any other.
    Call,
    /// To find out; nobody else may until it has ended.
    Probe,
    /// Not now; it is worth trying again after this time.
    Refused(Duration),
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The service answered, be it with an error of the caller.
    Answered,
    /// It could not be reached, was not able to serve, or did not answer in time.
    Failed,
    /// The caller did not wait for the end.
    Abandoned,
}

impl State {
    /// Whether a call may be made at `now`.
    pub(super) fn admit(&mut self, now: Instant) -> Admission {
        match *self {
            Self::Closed | Self::Failing { .. } => Admission::Call,
            Self::Open { until } if now < until => Admission::Refused(until - now),
            Self::Open { .. } => {
                *self = Self::Probing;
                Admission::Probe
            }
            Self::Probing => Admission::Refused(LEFT_ALONE),
        }
    }

    /// Notes at `now` how an admitted call ended.
    pub(super) fn ended(&mut self, probe: bool, outcome: Outcome, now: Instant) {
        *self = match (*self, outcome) {
            (_, Outcome::Answered) => Self::Closed,
            (Self::Probing, Outcome::Failed) if probe => Self::Open { until: now + LEFT_ALONE },
            // The next call is the probe in its place.
            (Self::Probing, Outcome::Abandoned) if probe => Self::Open { until: now },
            (Self::Closed, Outcome::Failed) => Self::Failing { failures: 1, since: now },
            (Self::Failing { failures, since }, Outcome::Failed) => {
                let failures = failures.saturating_add(1);
                match failures >= FAILURES && now >= since + AT_LEAST {
                    true => Self::Open { until: now + LEFT_ALONE },
                    false => Self::Failing { failures, since },
                }
            }
            // Calls that were under way when it opened, or that nobody waited for, say nothing new.
            (state, Outcome::Failed | Outcome::Abandoned) => state,
        };
    }

    /// Whether calls are turned away.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::Open { .. } | Self::Probing)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{AT_LEAST, Admission, FAILURES, LEFT_ALONE, Outcome, State};

    /// A step at a time in milliseconds from the beginning, and what must come of it.
    #[derive(Clone, Copy)]
    enum Step {
        Ended(bool, Outcome),
        Admitted(Admission),
        IsOpen(bool),
    }
    use Outcome::{Abandoned, Answered, Failed};
    use Step::{Admitted, Ended, IsOpen};

    const CALL: Step = Admitted(Admission::Call);
    const PROBE: Step = Admitted(Admission::Probe);
    const FAILS: Step = Ended(false, Failed);
    const ANSWERS: Step = Ended(false, Answered);

    fn refused(millis: u64) -> Step {
        Admitted(Admission::Refused(Duration::from_millis(millis)))
    }

    fn play(mut state: State, begin: Instant, steps: &[(u64, Step)]) {
        for (index, (millis, step)) in steps.iter().enumerate() {
            let now = begin + Duration::from_millis(*millis);
            match *step {
                Ended(probe, outcome) => state.ended(probe, outcome, now),
                Admitted(expected) => assert_eq!(state.admit(now), expected, "step {index}"),
                IsOpen(expected) => assert_eq!(state.is_open(), expected, "step {index}"),
            }
        }
    }

    #[test]
    fn it_opens_after_enough_failures_in_a_row_for_long_enough() {
        assert_eq!((FAILURES, AT_LEAST.as_millis()), (5, 500));
        let begin = Instant::now();
        let opens = [(0, FAILS), (10, FAILS), (20, FAILS), (30, FAILS), (500, FAILS)];
        play(State::default(), begin, &[&opens[..], &[(500, IsOpen(true))]].concat());
        for stays_closed in [
            // Too few.
            &[(0, FAILS), (10, FAILS), (20, FAILS), (900, FAILS)][..],
            // Too fast.
            &[(0, FAILS), (1, FAILS), (2, FAILS), (3, FAILS), (4, FAILS), (499, FAILS)],
            // Not in a row.
            &[(0, FAILS), (1, FAILS), (2, FAILS), (3, ANSWERS), (4, FAILS), (600, FAILS)],
            // Nobody waited.
            &[(0, Ended(false, Abandoned)), (600, Ended(false, Abandoned)), (600, FAILS)],
        ] {
            play(
                State::default(),
                begin,
                &[stays_closed, &[(900, IsOpen(false)), (900, CALL)]].concat(),
            );
        }
    }

    #[test]
    fn after_a_moment_one_call_finds_out() {
        assert_eq!(LEFT_ALONE.as_millis(), 1000);
        let begin = Instant::now();
        let open = State::Open { until: begin + LEFT_ALONE };
        let probed =
            [(0, refused(1000)), (900, refused(100)), (1000, PROBE), (1001, refused(1000))];
        for (then, expected) in [
            (Ended(true, Answered), CALL),
            (Ended(true, Failed), refused(1000)),
            (Ended(true, Abandoned), PROBE),
            // One from before it opened.
            (FAILS, refused(1000)),
            (Ended(false, Abandoned), refused(1000)),
            (ANSWERS, CALL),
        ] {
            play(open, begin, &[&probed[..], &[(1002, then), (1002, expected)]].concat());
        }
    }

    #[test]
    fn an_answer_of_a_call_from_before_closes_it() {
        let begin = Instant::now();
        let open = State::Open { until: begin + LEFT_ALONE };
        play(open, begin, &[(1, ANSWERS), (1, IsOpen(false)), (1, CALL)]);
        play(open, begin, &[(1, FAILS), (1, refused(999))]);
    }
}
