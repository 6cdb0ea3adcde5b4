//! The refund saga, which follows the checkout: refunds a payment, with or without cancelling the
//! order.
//!
//! ```text
//! cancel:  call_off ──▶ give_back ──▶ restock ──▶ done
//!             └─ the carrier has the parcel ──▶ refused
//! refund:  give_back ──▶ done
//!             └─ the provider declines ──▶ refused
//! ```
//!
//! The names are those of the stored steps: `call_off` cancels the shipment, `give_back` refunds
//! the payment. A cancellation begins with the shipment: if it cannot be cancelled any more,
//! nothing has happened and the order keeps its status. After that step the order is cancelled and
//! the customer is owed the money, so the saga only moves forward. An order has at most one refund
//! saga at a time.

use jiff::Timestamp;
use money::Money;

use super::backoff::{MAX_OWED_REFUND_BACKOFF, MAX_SAGA_BACKOFF, backoff};
use super::call::Call;
use super::event::{Actor, Event};
use super::ids::{OrderId, RefundId};
use super::outcome::Outcome;

/// Kind of a refund saga.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Cancels a confirmed order.
    Cancel,
    /// An administrator refunds a part or all of the payment.
    Refund,
}

/// Step of a refund saga: the next action, or an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Cancel the shipment.
    CancelShipment,
    /// Refund the payment.
    Refund,
    /// Return the stock to sale.
    Restock,
    /// End: every step succeeded.
    Done,
    /// End: the saga was refused and changed nothing.
    Refused,
}

/// A refund saga.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Id of the saga.
    pub id: RefundId,
    /// The order.
    pub order: OrderId,
    /// Kind of the saga.
    pub kind: Kind,
    /// Amount to refund.
    pub amount: Money,
    /// Actor that requested the saga.
    pub actor: Actor,
    /// Current step.
    pub step: Step,
    /// Attempts of this step, including the current one.
    pub attempts: u32,
    /// How often the provider declined a refund that is owed. Its response is stored under the
    /// request's idempotency key, so another attempt needs another key.
    pub refusals: u32,
}

/// Transition of a refund saga after a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The next step.
    pub step: Step,
    /// How often an owed refund was declined by then.
    pub refusals: u32,
    /// When the saga is due again.
    pub due_at: Timestamp,
    /// Events for the order.
    pub events: Vec<Event>,
}

impl Kind {
    /// Returns the stored name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Refund => "refund",
        }
    }

    /// The inverse of [`Kind::as_str`].
    #[must_use]
    pub fn from_stored(name: &str) -> Option<Self> {
        [Self::Cancel, Self::Refund].into_iter().find(|kind| kind.as_str() == name)
    }

    /// Returns the first step of a saga of this kind.
    #[must_use]
    pub fn first_step(self) -> Step {
        match self {
            Self::Cancel => Step::CancelShipment,
            Self::Refund => Step::Refund,
        }
    }
}

impl Step {
    /// All steps, each after those that can precede it.
    pub const ALL: [Self; 5] =
        [Self::CancelShipment, Self::Refund, Self::Restock, Self::Done, Self::Refused];

    /// Returns the stored name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CancelShipment => "call_off",
            Self::Refund => "give_back",
            Self::Restock => "restock",
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }

    /// The inverse of [`Step::as_str`].
    #[must_use]
    pub fn from_stored(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == name)
    }

    /// Whether the saga has ended.
    #[must_use]
    pub fn is_end(self) -> bool {
        matches!(self, Self::Done | Self::Refused)
    }
}

impl Refund {
    /// Returns the saga after a transition.
    #[must_use]
    pub fn apply(&self, transition: &Transition) -> Self {
        let attempts = if self.step == transition.step { self.attempts } else { 0 };
        Self { step: transition.step, attempts, refusals: transition.refusals, ..self.clone() }
    }

    /// Returns the call of the current step; `None` at an end.
    #[must_use]
    pub fn call(&self) -> Option<Call> {
        match self.step {
            Step::CancelShipment => Some(Call::CancelShipment),
            Step::Refund => Some(Call::Refund {
                refund: self.id,
                refusals: self.refusals,
                amount: self.amount,
                reason: self.actor.reason.clone(),
            }),
            Step::Restock => Some(Call::Restock),
            Step::Done | Step::Refused => None,
        }
    }
}

/// Returns the transition of a refund saga whose current step had this outcome.
#[must_use]
pub fn next(state: &Refund, outcome: &Outcome, now: Timestamp) -> Transition {
    use Outcome::{Done, Rejected, Unknown};

    let advance = |step, events| Transition { step, refusals: state.refusals, due_at: now, events };
    let retry_within = |max_delay| Transition {
        step: state.step,
        refusals: state.refusals,
        due_at: now + backoff(state.attempts, max_delay),
        events: Vec::new(),
    };
    let retry = || retry_within(MAX_SAGA_BACKOFF);
    let actor = || state.actor.clone();
    let refunded = || Event::Refunded { refund: state.id, amount: state.amount, actor: actor() };
    match (state.step, outcome, state.kind) {
        (Step::CancelShipment, Done(_), Kind::Cancel | Kind::Refund) => {
            advance(Step::Refund, vec![Event::ShipmentCancelled { actor: actor() }])
        }
        (Step::CancelShipment, Rejected(_), Kind::Cancel | Kind::Refund) => {
            advance(Step::Refused, Vec::new())
        }
        (Step::Refund, Done(_), Kind::Cancel) => advance(Step::Restock, vec![refunded()]),
        (Step::Refund, Done(_), Kind::Refund) => advance(Step::Done, vec![refunded()]),
        // The customer of a cancelled order is owed the money, so the refund is retried without
        // limit. A declined request has not taken effect and never will, so a new request cannot
        // refund twice.
        (Step::Refund, Rejected(_), Kind::Cancel) => Transition {
            refusals: state.refusals.saturating_add(1),
            ..retry_within(MAX_OWED_REFUND_BACKOFF)
        },
        (Step::Refund, Rejected(_), Kind::Refund) => advance(Step::Refused, Vec::new()),
        (Step::Restock, Done(_), Kind::Cancel | Kind::Refund) => advance(Step::Done, Vec::new()),
        (Step::Restock, Rejected(_), Kind::Cancel | Kind::Refund) => retry(),
        (
            Step::CancelShipment | Step::Refund | Step::Restock,
            Unknown(_),
            Kind::Cancel | Kind::Refund,
        ) => retry(),
        (
            step @ (Step::Done | Step::Refused),
            Done(_) | Rejected(_) | Unknown(_),
            Kind::Cancel | Kind::Refund,
        ) => advance(step, Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use money::Currency;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::domain::outcome::{Reason, Receipt};

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn refund_at(kind: Kind, step: Step) -> Refund {
        Refund {
            id: RefundId(Uuid::nil()),
            order: OrderId(Uuid::nil()),
            kind,
            amount: Money::new(100, Currency::USD),
            actor: Actor::default(),
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
    fn each_outcome_leads_to_its_step() {
        use Step::{CancelShipment, Done, Refund, Refused, Restock};
        for (kind, step, to) in [
            (Kind::Cancel, CancelShipment, [Refund, Refused, CancelShipment]),
            (Kind::Cancel, Refund, [Restock, Refund, Refund]),
            (Kind::Cancel, Restock, [Done, Restock, Restock]),
            (Kind::Cancel, Done, [Done; 3]),
            (Kind::Cancel, Refused, [Refused; 3]),
            (Kind::Refund, Refund, [Done, Refused, Refund]),
            (Kind::Refund, Done, [Done; 3]),
            (Kind::Refund, Refused, [Refused; 3]),
        ] {
            for (outcome, to) in outcomes().iter().zip(to) {
                let transition = next(&refund_at(kind, step), outcome, NOW);
                assert_eq!(transition.step, to, "{kind:?} {step:?} {outcome:?}");
                assert_eq!(transition.due_at > NOW, to == step && !step.is_end());
                let events = match (step, to) {
                    (CancelShipment, Refund) | (Refund, Restock | Done) => 1,
                    _ => 0,
                };
                assert_eq!(transition.events.len(), events, "{kind:?} {step:?} {outcome:?}");
                let owed = (kind, step) == (Kind::Cancel, Refund);
                let refused = owed && matches!(outcome, Outcome::Rejected(_));
                assert_eq!(
                    transition.refusals,
                    u32::from(refused),
                    "only a decline changes the key"
                );
            }
        }
    }

    #[test]
    fn declined_refund_backs_off_longer_than_an_unknown_one() {
        let state = Refund { attempts: 60, ..refund_at(Kind::Cancel, Step::Refund) };
        let [_, rejected, unknown] = outcomes().map(|outcome| next(&state, &outcome, NOW));
        assert_eq!(rejected.due_at, NOW + MAX_OWED_REFUND_BACKOFF);
        assert_eq!(unknown.due_at, NOW + MAX_SAGA_BACKOFF);
    }

    proptest! {
        #[test]
        fn saga_refunds_once_and_only_if_not_refused(
            cancel in any::<bool>(), outcomes_taken in prop::collection::vec(0..3usize, 0..30),
        ) {
            let kind = if cancel { Kind::Cancel } else { Kind::Refund };
            let mut state = refund_at(kind, kind.first_step());
            let mut refund_events = 0;
            for index in outcomes_taken {
                let transition = next(&state, &outcomes()[index], NOW);
                prop_assert!(transition.step >= state.step);
                let is_refund = |event: &&Event| matches!(event, Event::Refunded { .. });
                refund_events += transition.events.iter().filter(is_refund).count();
                state.step = transition.step;
            }
            let after = matches!(state.step, Step::Restock | Step::Done);
            prop_assert_eq!(refund_events, usize::from(after));
        }
    }
}
