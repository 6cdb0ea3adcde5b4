//! Giving money back: a flow of its own, after the checkout.
//!
//! ```text
//! cancel:  call_off ──▶ give_back ──▶ restock ──▶ done
//!             └─ the shipment is on its way ──▶ refused
//! refund:  give_back ──▶ done
//!             └─ the provider refuses ──▶ refused
//! ```
//!
//! A cancel begins with the shipment: if that cannot be called off any more, nothing has happened and
//! the order stays what it is. From then on the order is cancelled and the customer is owed the money,
//! so that the flow only goes forward. An order has one such flow at a time.

use jiff::Timestamp;
use money::Money;

use super::{
    call::{Call, Outcome},
    event::{By, Event},
    ids::{OrderId, RefundId},
    pace::{FLOW_CAP, OWED_CAP, pause},
};

/// Why money is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A confirmed order is called off.
    Cancel,
    /// An administrator gives some or all of it back.
    Refund,
}

/// Where a flow is: what it does next, or how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Call the shipment off.
    CallOff,
    /// Give the money back.
    GiveBack,
    /// Give the stock back.
    Restock,
    /// All was done.
    Done,
    /// Nothing was done, and will not be.
    Refused,
}

/// A flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Its id.
    pub id: RefundId,
    /// Whose.
    pub order: OrderId,
    /// Why.
    pub kind: Kind,
    /// How much.
    pub amount: Money,
    /// Who wanted it.
    pub by: By,
    /// Where it is.
    pub step: Step,
    /// Tries at this step, the present one included.
    pub attempts: u32,
    /// How often the provider refused to give money back that is owed. Its answer is kept with the key of
    /// the request, so that another try has another key.
    pub refusals: u32,
}

/// What becomes of a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Where it is then.
    pub step: Step,
    /// How often it was refused by then what is owed.
    pub refusals: u32,
    /// When it goes on.
    pub due_at: Timestamp,
    /// What happens to the order.
    pub events: Vec<Event>,
}

impl Kind {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Refund => "refund",
        }
    }

    /// The inverse of [`Kind::as_str`].
    pub fn from_stored(word: &str) -> Option<Self> {
        [Self::Cancel, Self::Refund].into_iter().find(|kind| kind.as_str() == word)
    }

    /// Where a flow of this kind begins.
    pub fn first_step(self) -> Step {
        match self {
            Self::Cancel => Step::CallOff,
            Self::Refund => Step::GiveBack,
        }
    }
}

impl Step {
    /// All of them, each after those that can come before it.
    pub const ALL: [Self; 5] =
        [Self::CallOff, Self::GiveBack, Self::Restock, Self::Done, Self::Refused];

    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CallOff => "call_off",
            Self::GiveBack => "give_back",
            Self::Restock => "restock",
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }

    /// The inverse of [`Step::as_str`].
    pub fn from_stored(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == word)
    }

    /// Whether nothing is left to do.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Done | Self::Refused)
    }
}

impl Refund {
    /// The flow after a transition.
    #[must_use]
    pub fn after(&self, turned: &Transition) -> Self {
        let attempts = if self.step == turned.step { self.attempts } else { 0 };
        Self { step: turned.step, attempts, refusals: turned.refusals, ..self.clone() }
    }

    /// What to ask of whom; `None` at an end.
    pub fn call(&self) -> Option<Call> {
        match self.step {
            Step::CallOff => Some(Call::CallOff),
            Step::GiveBack => Some(Call::GiveBack {
                refund: self.id,
                refusals: self.refusals,
                amount: self.amount,
                reason: self.by.reason.clone(),
            }),
            Step::Restock => Some(Call::Restock),
            Step::Done | Step::Refused => None,
        }
    }
}

/// Where a flow goes after its present step had this outcome.
pub fn next(state: &Refund, outcome: &Outcome, now: Timestamp) -> Transition {
    use Outcome::{Done, Rejected, Unknown};

    let go = |step, events| Transition { step, refusals: state.refusals, due_at: now, events };
    let again_within = |cap| Transition {
        step: state.step,
        refusals: state.refusals,
        due_at: now + pause(state.attempts, cap),
        events: Vec::new(),
    };
    let again = || again_within(FLOW_CAP);
    let by = || state.by.clone();
    let given = || Event::GivenBack { refund: state.id, amount: state.amount, by: by() };
    match (state.step, outcome, state.kind) {
        (Step::CallOff, Done(_), Kind::Cancel | Kind::Refund) => {
            go(Step::GiveBack, vec![Event::CalledOff { by: by() }])
        }
        (Step::CallOff, Rejected(_), Kind::Cancel | Kind::Refund) => go(Step::Refused, Vec::new()),
        (Step::GiveBack, Done(_), Kind::Cancel) => go(Step::Restock, vec![given()]),
        (Step::GiveBack, Done(_), Kind::Refund) => go(Step::Done, vec![given()]),
        // The customer of a cancelled order is owed the money: it is asked for until it is given. What was
        // refused has not been done and never will be, so that a new request cannot be a second one.
        (Step::GiveBack, Rejected(_), Kind::Cancel) => {
            Transition { refusals: state.refusals.saturating_add(1), ..again_within(OWED_CAP) }
        }
        (Step::GiveBack, Rejected(_), Kind::Refund) => go(Step::Refused, Vec::new()),
        (Step::Restock, Done(_), Kind::Cancel | Kind::Refund) => go(Step::Done, Vec::new()),
        (Step::Restock, Rejected(_), Kind::Cancel | Kind::Refund) => again(),
        (
            Step::CallOff | Step::GiveBack | Step::Restock,
            Unknown(_),
            Kind::Cancel | Kind::Refund,
        ) => again(),
        (
            step @ (Step::Done | Step::Refused),
            Done(_) | Rejected(_) | Unknown(_),
            Kind::Cancel | Kind::Refund,
        ) => go(step, Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use money::Currency;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::domain::call::{Reason, Receipt};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn at(kind: Kind, step: Step) -> Refund {
        Refund {
            id: RefundId(Uuid::nil()),
            order: OrderId(Uuid::nil()),
            kind,
            amount: Money::new(100, Currency::USD),
            by: By::default(),
            step,
            attempts: 1,
            refusals: 0,
        }
    }

    fn outcomes() -> [Outcome; 3] {
        [
            Outcome::Done(Receipt::default()),
            Outcome::Rejected(Reason::default()),
            Outcome::Unknown(String::new()),
        ]
    }

    #[test]
    fn the_whole_table() {
        use Step::{CallOff, Done, GiveBack, Refused, Restock};
        for (kind, step, to) in [
            (Kind::Cancel, CallOff, [GiveBack, Refused, CallOff]),
            (Kind::Cancel, GiveBack, [Restock, GiveBack, GiveBack]),
            (Kind::Cancel, Restock, [Done, Restock, Restock]),
            (Kind::Cancel, Done, [Done; 3]),
            (Kind::Cancel, Refused, [Refused; 3]),
            (Kind::Refund, GiveBack, [Done, Refused, GiveBack]),
            (Kind::Refund, Done, [Done; 3]),
            (Kind::Refund, Refused, [Refused; 3]),
        ] {
            for (outcome, to) in outcomes().iter().zip(to) {
                let turned = next(&at(kind, step), outcome, NOW);
                assert_eq!(turned.step, to, "{kind:?} {step:?} {outcome:?}");
                assert_eq!(turned.due_at > NOW, to == step && !step.is_end());
                let events = match (step, to) {
                    (CallOff, GiveBack) | (GiveBack, Restock | Done) => 1,
                    _ => 0,
                };
                assert_eq!(turned.events.len(), events, "{kind:?} {step:?} {outcome:?}");
                let owed = (kind, step) == (Kind::Cancel, GiveBack);
                let refused = owed && matches!(outcome, Outcome::Rejected(_));
                assert_eq!(turned.refusals, u32::from(refused), "another key after a refusal only");
            }
        }
    }

    #[test]
    fn a_provider_that_goes_on_refusing_is_asked_less_often_than_a_silent_one() {
        let state = Refund { attempts: 60, ..at(Kind::Cancel, Step::GiveBack) };
        let [_, rejected, unknown] = outcomes().map(|outcome| next(&state, &outcome, NOW));
        assert_eq!(rejected.due_at, NOW + OWED_CAP);
        assert_eq!(unknown.due_at, NOW + FLOW_CAP);
    }

    proptest! {
        #[test]
        fn money_is_given_back_once_and_only_of_a_flow_that_is_not_refused(
            cancel in any::<bool>(), turns in prop::collection::vec(0..3usize, 0..30),
        ) {
            let kind = if cancel { Kind::Cancel } else { Kind::Refund };
            let mut state = at(kind, kind.first_step());
            let mut given = 0;
            for turn in turns {
                let turned = next(&state, &outcomes()[turn], NOW);
                prop_assert!(turned.step >= state.step);
                let is_given = |event: &&Event| matches!(event, Event::GivenBack { .. });
                given += turned.events.iter().filter(is_given).count();
                state.step = turned.step;
            }
            let after = matches!(state.step, Step::Restock | Step::Done);
            prop_assert_eq!(given, usize::from(after));
        }
    }
}
