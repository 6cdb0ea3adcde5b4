use jiff::SignedDuration;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::domain::ids::{OrderId, ProductId};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn at(step: Step) -> Checkout {
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

fn late(step: Step) -> Checkout {
    Checkout { deadline_at: NOW, ..at(step) }
}

fn unwanted(step: Step) -> Checkout {
    Checkout {
        cancel: Some(By { actor: "u".into(), reason: "changed my mind".into() }),
        ..at(step)
    }
}

fn done() -> Outcome {
    Outcome::Done(Receipt("r".into()))
}

fn rejected() -> Outcome {
    Outcome::Rejected(Reason { text: "no".into(), ..Reason::default() })
}

fn unknown() -> Outcome {
    Outcome::Unknown("silence".into())
}

/// Where each step leads: (done, rejected, unknown in time, unknown after the deadline, done and
/// unwanted, unknown and unwanted).
#[test]
fn the_whole_table() {
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
    for (step, to) in table {
        let tries = [
            (at(step), done()),
            (at(step), rejected()),
            (at(step), unknown()),
            (late(step), unknown()),
            (unwanted(step), done()),
            (unwanted(step), unknown()),
        ];
        for ((state, outcome), to) in tries.into_iter().zip(to) {
            let turned = next(&state, &outcome, NOW);
            assert_eq!(turned.step, to, "{state:?} {outcome:?}");
            let waits = turned.step == step && !step.is_end();
            assert_eq!(turned.due_at > NOW, waits, "only a repeat waits: {state:?} {outcome:?}");
        }
    }
}

#[test]
fn events_happen_at_the_pivot_and_at_the_ends_only() {
    for step in Step::ALL {
        for outcome in [done(), rejected(), unknown()] {
            for state in [at(step), late(step), unwanted(step)] {
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
fn stock_that_may_have_been_taken_is_restocked() {
    let mut state = at(Step::Void);
    state.data.commit_sent = true;
    assert_eq!(next(&state, &done(), NOW).step, Step::Restock);
    let forward = next(&at(Step::Authorize), &done(), NOW);
    assert!(forward.data.commit_sent);
    assert_eq!(forward.data.authorization.as_deref(), Some("r"));
}

#[test]
fn a_refusal_says_why() {
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
        let failure = next(&at(step), &outcome, NOW).data.failure.unwrap();
        assert_eq!(failure.code, code, "{step:?}");
        let Outcome::Rejected(reason) = outcome else { unreachable!() };
        assert_eq!(
            (failure.decline_code, failure.products),
            (reason.decline_code, reason.products)
        );
    }
    let timed_out = next(&late(Step::Authorize), &unknown(), NOW).data.failure.unwrap();
    assert_eq!(timed_out.code, FailureCode::CheckoutTimedOut);
    assert_eq!(next(&unwanted(Step::Authorize), &unknown(), NOW).data.failure, None);
}

#[test]
fn words_for_steps_are_read_back() {
    for step in Step::ALL {
        assert_eq!(Step::from_stored(step.as_str()), Some(step));
    }
}

/// An outcome, whether the deadline is over, and whether somebody wants the order cancelled.
fn anything() -> impl Strategy<Value = (Outcome, bool, bool)> {
    let outcome = prop_oneof![Just(done()), Just(rejected()), Just(unknown())];
    (outcome, any::<bool>(), any::<bool>())
}

/// What happened on a path through the checkout.
#[derive(Default)]
struct Path {
    paid: usize,
    ended: usize,
    cancelled_after_paid: bool,
}

fn walk(turns: &[(Outcome, bool, bool)]) -> (Checkout, Path) {
    let mut state = at(Step::Reserve);
    let mut path = Path::default();
    for (outcome, is_late, cancel) in turns {
        if *cancel {
            state.cancel = unwanted(state.step).cancel;
        }
        state.deadline_at = if *is_late { NOW } else { at(state.step).deadline_at };
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
    fn the_pivot_is_crossed_once_at_most_and_never_back(turns in prop::collection::vec(anything(), 0..60)) {
        let (state, path) = walk(&turns);
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
    fn every_state_reaches_an_end_once_others_answer(turns in prop::collection::vec(anything(), 0..60)) {
        let (mut state, _) = walk(&turns);
        for _ in 0..Step::ALL.len() {
            let Transition { step, data, .. } = next(&state, &done(), NOW);
            state = Checkout { step, data, ..state };
        }
        prop_assert!(state.step.is_end());
    }

    #[test]
    fn no_step_is_come_back_to_so_it_ends(turns in prop::collection::vec(anything(), 0..60)) {
        let (state, _) = walk(&turns);
        let steps: Vec<Step> = state.data.trail.iter().map(|trace| trace.step).collect();
        prop_assert!(steps.is_sorted_by(|a, b| a < b), "{:?}", steps);
        prop_assert!(steps.last().is_none_or(|last| *last < state.step));
    }
}
