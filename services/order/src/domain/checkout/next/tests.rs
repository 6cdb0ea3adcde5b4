use jiff::SignedDuration;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::domain::ids::{OrderId, ProductId};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn checkout_at(step: Step) -> Checkout {
    Checkout {
        order: OrderId(Uuid::nil()),
        step,
        data: Data { commit_sent: step == Step::CommitStock, ..Data::default() },
        attempts: 1,
        began_at: NOW,
        deadline_at: NOW + SignedDuration::from_secs(120),
        cancel: None,
    }
}

fn past_deadline(step: Step) -> Checkout {
    Checkout { deadline_at: NOW, ..checkout_at(step) }
}

fn cancel_requested(step: Step) -> Checkout {
    Checkout {
        cancel: Some(Actor { id: "u".into(), reason: "changed my mind".into() }),
        ..checkout_at(step)
    }
}

fn done() -> Outcome {
    Outcome::Done(Receipt("r".into()))
}

fn rejected() -> Outcome {
    Outcome::Rejected(Reason { text: "no".into(), ..Reason::default() })
}

fn unknown() -> Outcome {
    Outcome::Unknown("no response".into())
}

/// The step after each outcome: (done, rejected, unknown before the deadline, unknown after the
/// deadline, done with a requested cancellation, unknown with a requested cancellation).
#[test]
fn each_outcome_leads_to_its_step() {
    use Step::{
        Authorize, Cancelled, Capture, CommitStock, Confirmed, Release, Reserve, Restock, Ship,
        Void,
    };
    let table = [
        (Reserve, [Authorize, Release, Reserve, Release, Release, Release]),
        (Authorize, [CommitStock, Void, Authorize, Void, Void, Void]),
        (CommitStock, [Capture, Void, CommitStock, Void, Void, Void]),
        (Capture, [Ship, Void, Capture, Capture, Ship, Capture]),
        (Ship, [Confirmed, Ship, Ship, Ship, Confirmed, Ship]),
        (Void, [Release, Void, Void, Void, Release, Void]),
        (Release, [Cancelled, Release, Release, Release, Cancelled, Release]),
        (Restock, [Cancelled, Restock, Restock, Restock, Cancelled, Restock]),
        (Confirmed, [Confirmed; 6]),
        (Cancelled, [Cancelled; 6]),
    ];
    assert_eq!(table.map(|(step, _)| step).len(), Step::ALL.len());
    for (step, next_steps) in table {
        let attempts = [
            (checkout_at(step), done()),
            (checkout_at(step), rejected()),
            (checkout_at(step), unknown()),
            (past_deadline(step), unknown()),
            (cancel_requested(step), done()),
            (cancel_requested(step), unknown()),
        ];
        for ((state, outcome), next_step) in attempts.into_iter().zip(next_steps) {
            let transition = next(&state, &outcome, NOW);
            assert_eq!(transition.step, next_step, "{state:?} {outcome:?}");
            let waits = transition.step == step && !step.is_end();
            assert_eq!(
                transition.due_at > NOW,
                waits,
                "only a retry is delayed: {state:?} {outcome:?}"
            );
        }
    }
}

#[test]
fn only_the_pivot_and_the_ends_emit_events() {
    for step in Step::ALL {
        for outcome in [done(), rejected(), unknown()] {
            for state in [checkout_at(step), past_deadline(step), cancel_requested(step)] {
                let events = next(&state, &outcome, NOW).events;
                let expected = match (step, &outcome, &state.cancel) {
                    (Step::Capture, Outcome::Done(_), _)
                    | (Step::Ship, Outcome::Done(_), None)
                    | (Step::Release | Step::Restock, Outcome::Done(_), _) => 1,
                    (Step::Ship, Outcome::Done(_), Some(_)) => 2,
                    _ => 0,
                };
                assert_eq!(events.len(), expected, "{step:?} {outcome:?}");
            }
        }
    }
}

#[test]
fn stock_that_may_be_committed_is_restocked() {
    let mut state = checkout_at(Step::Void);
    state.data.commit_sent = true;
    assert_eq!(next(&state, &done(), NOW).step, Step::Restock);
    let forward = next(&checkout_at(Step::Authorize), &done(), NOW);
    assert!(forward.data.commit_sent);
    assert_eq!(forward.data.authorization.as_deref(), Some("r"));
}

#[test]
fn rejection_sets_the_failure_code() {
    let reason = |decline: &str, products: &[u128]| {
        Outcome::Rejected(Reason {
            text: String::new(),
            decline_code: decline.into(),
            products: products.iter().map(|n| ProductId(Uuid::from_u128(*n))).collect(),
        })
    };
    for (step, outcome, code) in [
        (Step::Reserve, reason("", &[1]), FailureCode::OutOfStock),
        (Step::Reserve, reason("", &[]), FailureCode::CheckoutRefused),
        (Step::Authorize, reason("lost_card", &[]), FailureCode::PaymentDeclined),
        (Step::Authorize, reason("", &[]), FailureCode::PaymentRefused),
        (Step::CommitStock, reason("", &[]), FailureCode::ReservationExpired),
        (Step::Capture, reason("", &[]), FailureCode::PaymentRefused),
    ] {
        let failure = next(&checkout_at(step), &outcome, NOW).data.failure.unwrap();
        assert_eq!(failure.code, code, "{step:?}");
        let Outcome::Rejected(reason) = outcome else { unreachable!() };
        assert_eq!(
            (failure.decline_code, failure.products),
            (reason.decline_code, reason.products)
        );
    }
    let timed_out = next(&past_deadline(Step::Authorize), &unknown(), NOW).data.failure.unwrap();
    assert_eq!(timed_out.code, FailureCode::CheckoutTimedOut);
    assert_eq!(next(&cancel_requested(Step::Authorize), &unknown(), NOW).data.failure, None);
}

#[test]
fn stored_steps_round_trip() {
    for step in Step::ALL {
        assert_eq!(Step::from_stored(step.as_str()), Some(step));
    }
}

/// An outcome, whether the deadline has passed, and whether a cancellation is requested.
fn any_outcome() -> impl Strategy<Value = (Outcome, bool, bool)> {
    let outcome = prop_oneof![Just(done()), Just(rejected()), Just(unknown())];
    (outcome, any::<bool>(), any::<bool>())
}

/// Events on a path through the checkout.
#[derive(Default)]
struct Path {
    paid: usize,
    ended: usize,
    cancelled_after_paid: bool,
}

fn walk(steps_taken: &[(Outcome, bool, bool)]) -> (Checkout, Path) {
    let mut state = checkout_at(Step::Reserve);
    let mut path = Path::default();
    for (outcome, is_past_deadline, cancel) in steps_taken {
        if *cancel {
            state.cancel = cancel_requested(state.step).cancel;
        }
        state.deadline_at =
            if *is_past_deadline { NOW } else { checkout_at(state.step).deadline_at };
        let Transition { step, data, events, .. } = next(&state, outcome, NOW);
        for event in events {
            match event {
                Event::Paid { .. } => path.paid += 1,
                Event::Confirmed { .. } => path.ended += 1,
                Event::Cancelled { .. } => {
                    path.ended += 1;
                    path.cancelled_after_paid |= path.paid > 0;
                }
                _ => {}
            }
        }
        state = Checkout { step, data, ..state };
    }
    (state, path)
}

proptest! {
    #[test]
    fn pivot_is_crossed_at_most_once_and_never_reversed(
        steps_taken in prop::collection::vec(any_outcome(), 0..60),
    ) {
        let (state, path) = walk(&steps_taken);
        prop_assert!(path.paid <= 1);
        prop_assert!(path.ended <= 1);
        prop_assert!(!path.cancelled_after_paid);
        prop_assert_eq!(path.ended == 1, state.step.is_end());
        if state.step == Step::Confirmed {
            prop_assert_eq!(path.paid, 1);
        }
        if state.step == Step::Cancelled {
            prop_assert_eq!(path.paid, 0);
        }
    }

    #[test]
    fn every_state_ends_once_calls_succeed(
        steps_taken in prop::collection::vec(any_outcome(), 0..60),
    ) {
        let (mut state, _) = walk(&steps_taken);
        for _ in 0..Step::ALL.len() {
            let Transition { step, data, .. } = next(&state, &done(), NOW);
            state = Checkout { step, data, ..state };
        }
        prop_assert!(state.step.is_end());
    }

    #[test]
    fn no_step_is_revisited(
        steps_taken in prop::collection::vec(any_outcome(), 0..60),
    ) {
        let (state, _) = walk(&steps_taken);
        let steps: Vec<Step> =
            state.data.completed_steps.iter().map(|completed| completed.step).collect();
        prop_assert!(steps.is_sorted_by(|a, b| a < b), "{:?}", steps);
        prop_assert!(steps.last().is_none_or(|last| *last < state.step));
    }
}
