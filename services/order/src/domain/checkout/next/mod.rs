//! The transition function of the checkout saga: one pure table.

use jiff::Timestamp;

use super::{Checkout, CompletedStep, Data, Step, Transition};
use crate::domain::backoff::{MAX_SAGA_BACKOFF, backoff};
use crate::domain::event::{Actor, Event};
use crate::domain::failure::{Failure, FailureCode};
use crate::domain::outcome::{Outcome, Reason, Receipt};

/// Returns the transition of a checkout whose current step had this outcome.
#[must_use]
pub fn next(state: &Checkout, outcome: &Outcome, now: Timestamp) -> Transition {
    use Outcome::{Done, Rejected, Unknown};
    use Step::{
        Authorize, Cancelled, Capture, CommitStock, Confirmed, Release, Reserve, Restock, Ship,
        Void,
    };

    let context = StepContext { state, outcome, now };
    match (state.step, outcome) {
        (Reserve, Done(_)) => context.advance_or_compensate(Authorize, Release),
        (Reserve, Rejected(reason)) => context.compensate(Release, Some(stock_failure(reason))),
        (Reserve, Unknown(_)) => context.retry_or_compensate(Release),

        (Authorize, Done(receipt)) => context.authorized(receipt),
        (Authorize, Rejected(reason)) => context.compensate(Void, Some(payment_failure(reason))),
        (Authorize, Unknown(_)) => context.retry_or_compensate(Void),

        (CommitStock, Done(_)) => context.advance_or_compensate(Capture, Void),
        // The reservation expired during payment. Nothing is captured yet: void, restock, cancel.
        (CommitStock, Rejected(_)) => {
            context.compensate(Void, Some(failure(FailureCode::ReservationExpired)))
        }
        (CommitStock, Unknown(_)) => context.retry_or_compensate(Void),

        (Capture, Done(receipt)) => context.paid(receipt),
        (Capture, Rejected(reason)) => context.compensate(Void, Some(payment_failure(reason))),
        (Capture, Unknown(_)) => context.retry(),

        (Ship, Done(receipt)) => context.confirmed(receipt),
        (Ship, Rejected(_) | Unknown(_)) => context.retry(),

        (Void, Done(_)) if state.data.commit_sent => context.advance(Restock),
        (Void, Done(_)) => context.advance(Release),
        (Release | Restock, Done(_)) => context.cancelled(),
        // A compensation is never permanently rejected: it is retried until it succeeds.
        (Void | Release | Restock, Rejected(_) | Unknown(_)) => context.retry(),

        (Confirmed | Cancelled, Done(_) | Rejected(_) | Unknown(_)) => context.stay(),
    }
}

fn failure(code: FailureCode) -> Failure {
    Failure { code, decline_code: String::new(), products: Vec::new() }
}

fn stock_failure(reason: &Reason) -> Failure {
    match reason.products.is_empty() {
        true => failure(FailureCode::CheckoutRefused),
        false => Failure { products: reason.products.clone(), ..failure(FailureCode::OutOfStock) },
    }
}

fn payment_failure(reason: &Reason) -> Failure {
    match reason.decline_code.as_str() {
        "" => failure(FailureCode::PaymentRefused),
        code => Failure { decline_code: code.to_owned(), ..failure(FailureCode::PaymentDeclined) },
    }
}

/// A step and its outcome.
struct StepContext<'a> {
    state: &'a Checkout,
    outcome: &'a Outcome,
    now: Timestamp,
}

impl StepContext<'_> {
    /// Completes the step and moves to `step`, due at once.
    fn advance(&self, step: Step) -> Transition {
        let mut data = self.state.data.clone();
        data.commit_sent |= step == Step::CommitStock;
        data.completed_steps.push(CompletedStep {
            step: self.state.step,
            outcome: self.outcome.as_str().to_owned(),
            attempts: self.state.attempts,
            began_at: self.state.began_at,
            ended_at: self.now,
            error: self.outcome.error().to_owned(),
        });
        Transition { step, data, due_at: self.now, events: Vec::new() }
    }

    /// Keeps the saga at its end.
    fn stay(&self) -> Transition {
        let Checkout { step, data, .. } = self.state;
        Transition { step: *step, data: data.clone(), due_at: self.now, events: Vec::new() }
    }

    /// Retries the same step after a backoff.
    fn retry(&self) -> Transition {
        Transition {
            due_at: self.now + backoff(self.state.attempts, MAX_SAGA_BACKOFF),
            ..self.stay()
        }
    }

    /// Starts the compensation because of `failure`.
    fn compensate(&self, compensation: Step, failure: Option<Failure>) -> Transition {
        let transition = self.advance(compensation);
        Transition { data: Data { failure, ..transition.data }, ..transition }
    }

    /// Advances, or compensates if a cancellation was requested.
    fn advance_or_compensate(&self, step: Step, compensation: Step) -> Transition {
        match self.state.cancel {
            None => self.advance(step),
            Some(_) => self.compensate(compensation, None),
        }
    }

    /// Retries until the deadline, then compensates; compensates at once if a cancellation was
    /// requested.
    fn retry_or_compensate(&self, compensation: Step) -> Transition {
        if self.state.cancel.is_some() {
            self.compensate(compensation, None)
        } else if self.now >= self.state.deadline_at {
            self.compensate(compensation, Some(failure(FailureCode::CheckoutTimedOut)))
        } else {
            self.retry()
        }
    }

    fn authorized(&self, receipt: &Receipt) -> Transition {
        let transition = self.advance_or_compensate(Step::CommitStock, Step::Void);
        let authorization = Some(receipt.0.clone());
        Transition { data: Data { authorization, ..transition.data }, ..transition }
    }

    fn paid(&self, receipt: &Receipt) -> Transition {
        let events = vec![Event::Paid { transaction: receipt.0.clone() }];
        Transition { events, ..self.advance(Step::Ship) }
    }

    /// A cancellation that was requested after the pivot becomes an event, which starts the
    /// cancellation saga.
    fn confirmed(&self, receipt: &Receipt) -> Transition {
        let mut events = vec![Event::Confirmed { tracking_number: receipt.0.clone() }];
        events.extend(self.state.cancel.clone().map(|actor| Event::CancelRequested { actor }));
        Transition { events, ..self.advance(Step::Confirmed) }
    }

    fn cancelled(&self) -> Transition {
        let failure = self.state.data.failure.clone();
        let actor = match (&failure, &self.state.cancel) {
            (None, Some(actor)) => actor.clone(),
            (Some(failure), _) => Actor::system(failure.code.as_str()),
            (None, None) => Actor::default(),
        };
        let events = vec![Event::Cancelled { failure, actor }];
        Transition { events, ..self.advance(Step::Cancelled) }
    }
}

#[cfg(test)]
mod tests;
