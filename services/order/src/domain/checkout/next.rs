//! What comes of a step: one pure table.

use jiff::Timestamp;

use super::{Checkout, Data, Step, Trace, Transition};
use crate::domain::{
    call::{Outcome, Reason, Receipt},
    event::{By, Event},
    order::{Failure, FailureCode},
    pace::{FLOW_CAP, pause},
};

/// Where a checkout goes after its present step had this outcome.
pub fn next(state: &Checkout, outcome: &Outcome, now: Timestamp) -> Transition {
    use Outcome::{Done, Rejected, Unknown};
    use Step::{
        Authorize, Cancelled, Capture, CommitStock, Confirmed, Release, Reserve, Restock, Ship,
        Void,
    };

    let turn = Turn { state, outcome, now };
    match (state.step, outcome) {
        (Reserve, Done(_)) => turn.forward_or_back(Authorize, Release),
        (Reserve, Rejected(reason)) => turn.back(Release, Some(no_stock(reason))),
        (Reserve, Unknown(_)) => turn.again_or_back(Release),

        (Authorize, Done(receipt)) => turn.authorized(receipt),
        (Authorize, Rejected(reason)) => turn.back(Void, Some(no_money(reason))),
        (Authorize, Unknown(_)) => turn.again_or_back(Void),

        (CommitStock, Done(_)) => turn.forward_or_back(Capture, Void),
        (CommitStock, Rejected(_)) => {
            turn.back(Void, Some(failure(FailureCode::ReservationExpired)))
        }
        (CommitStock, Unknown(_)) => turn.again_or_back(Void),

        (Capture, Done(receipt)) => turn.paid(receipt),
        (Capture, Rejected(reason)) => turn.back(Void, Some(no_money(reason))),
        (Capture, Unknown(_)) => turn.again(),

        (Ship, Done(receipt)) => turn.confirmed(receipt),
        (Ship, Rejected(_) | Unknown(_)) => turn.again(),

        (Void, Done(_)) if state.data.commit_sent => turn.go(Restock),
        (Void, Done(_)) => turn.go(Release),
        (Release | Restock, Done(_)) => turn.cancelled(),
        // An undo is never refused for good: whoever does so is asked until it is not.
        (Void | Release | Restock, Rejected(_) | Unknown(_)) => turn.again(),

        (Confirmed | Cancelled, Done(_) | Rejected(_) | Unknown(_)) => turn.stay(),
    }
}

fn failure(code: FailureCode) -> Failure {
    Failure { code, decline_code: String::new(), products: Vec::new() }
}

fn no_stock(reason: &Reason) -> Failure {
    match reason.products.is_empty() {
        true => failure(FailureCode::CheckoutRefused),
        false => Failure { products: reason.products.clone(), ..failure(FailureCode::OutOfStock) },
    }
}

fn no_money(reason: &Reason) -> Failure {
    match reason.decline_code.as_str() {
        "" => failure(FailureCode::PaymentRefused),
        code => Failure { decline_code: code.to_owned(), ..failure(FailureCode::PaymentDeclined) },
    }
}

/// A step that has an outcome.
struct Turn<'a> {
    state: &'a Checkout,
    outcome: &'a Outcome,
    now: Timestamp,
}

impl Turn<'_> {
    /// On to another step, at once.
    fn go(&self, step: Step) -> Transition {
        let mut data = self.state.data.clone();
        data.commit_sent |= step == Step::CommitStock;
        data.trail.push(Trace {
            step: self.state.step,
            outcome: self.outcome.as_str().to_owned(),
            attempts: self.state.attempts,
            began_at: self.state.began_at,
            ended_at: self.now,
            error: self.outcome.error().to_owned(),
        });
        Transition { step, data, due_at: self.now, events: Vec::new() }
    }

    /// Nothing is left to do.
    fn stay(&self) -> Transition {
        let Checkout { step, data, .. } = self.state;
        Transition { step: *step, data: data.clone(), due_at: self.now, events: Vec::new() }
    }

    /// The same step again, later.
    fn again(&self) -> Transition {
        Transition { due_at: self.now + pause(self.state.attempts, FLOW_CAP), ..self.stay() }
    }

    /// Back, and why.
    fn back(&self, undo: Step, failure: Option<Failure>) -> Transition {
        let gone = self.go(undo);
        Transition { data: Data { failure, ..gone.data }, ..gone }
    }

    /// Back when somebody wants the order cancelled.
    fn forward_or_back(&self, step: Step, undo: Step) -> Transition {
        match self.state.cancel {
            None => self.go(step),
            Some(_) => self.back(undo, None),
        }
    }

    /// Again until the deadline; back at once when somebody wants the order cancelled.
    fn again_or_back(&self, undo: Step) -> Transition {
        if self.state.cancel.is_some() {
            self.back(undo, None)
        } else if self.now >= self.state.deadline_at {
            self.back(undo, Some(failure(FailureCode::CheckoutTimedOut)))
        } else {
            self.again()
        }
    }

    fn authorized(&self, receipt: &Receipt) -> Transition {
        let gone = self.forward_or_back(Step::CommitStock, Step::Void);
        let authorization = Some(receipt.0.clone());
        Transition { data: Data { authorization, ..gone.data }, ..gone }
    }

    fn paid(&self, receipt: &Receipt) -> Transition {
        let events = vec![Event::Paid { transaction: receipt.0.clone() }];
        Transition { events, ..self.go(Step::Ship) }
    }

    /// A cancel that came too late to turn back is owed from here on.
    fn confirmed(&self, receipt: &Receipt) -> Transition {
        let mut events = vec![Event::Confirmed { tracking_number: receipt.0.clone() }];
        events.extend(self.state.cancel.clone().map(|by| Event::CancelOwed { by }));
        Transition { events, ..self.go(Step::Confirmed) }
    }

    fn cancelled(&self) -> Transition {
        let failure = self.state.data.failure.clone();
        let by = match (&failure, &self.state.cancel) {
            (None, Some(by)) => by.clone(),
            (Some(failure), _) => By::system(failure.code.as_str()),
            (None, None) => By::default(),
        };
        let events = vec![Event::Cancelled { failure, by }];
        Transition { events, ..self.go(Step::Cancelled) }
    }
}

#[cfg(test)]
#[path = "next_tests.rs"]
mod tests;
