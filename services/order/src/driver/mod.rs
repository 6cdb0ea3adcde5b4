//! What carries flows on: the same few lines for checkouts, refunds and messages, in every replica, for
//! requests that wait and in the background, and in the simulation.
//!
//! A driver claims a flow that is due, asks another service what the flow's step wants, and settles
//! what came of it. If the flow has a next step that is due at once, it is claimed together with that,
//! and the driver goes on. It may die at any await: [`crate::domain::checkout`] has the argument why
//! that does no harm. The two ports are traits because the simulation stands in for both.

mod background;
mod inline;
mod remote;

pub(crate) use background::{CHANNEL, Wakes, run};
pub(crate) use inline::Inline;
pub(crate) use remote::Remotes;

use std::{future::Future, time::Duration};

use tokio::time::sleep;

use crate::{
    domain::{
        call::{Call, Outcome},
        checkout::Checkout,
        event::Event,
        ids::OrderId,
        order::Order,
        outbox::{self, Message},
        refund::Refund,
    },
    error::Error,
};

/// Tries to settle one outcome. With a call before them they fit into a lease even when each waits for a
/// connection; whatever takes longer is dropped with the claim.
const SETTLE_TRIES: usize = 3;

/// Pause between them.
const SETTLE_PAUSE: Duration = Duration::from_millis(200);

/// What can be claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A checkout.
    Checkout,
    /// A flow that gives money back.
    Refund,
    /// A message that takes ordered units out of the cart. The customer's next order waits for it, so
    /// that it has drivers of its own, whatever becomes of mails.
    Cart,
    /// A message that is a mail.
    Mail,
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Checkout, Self::Refund, Self::Cart, Self::Mail];

    /// By which word their drivers are woken.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Checkout => "checkout",
            Self::Refund => "refund",
            Self::Cart => "cart",
            Self::Mail => "mail",
        }
    }
}

/// A flow at its present step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// A checkout.
    Checkout(Checkout),
    /// A flow that gives money back.
    Refund(Refund),
    /// A message.
    Message(Message),
}

impl Flow {
    /// What to ask of whom; `None` when nothing is left to do.
    pub(crate) fn call(&self) -> Option<Call> {
        match self {
            Self::Checkout(checkout) => checkout.call(),
            Self::Refund(refund) => refund.call(),
            Self::Message(message) => (message.state == outbox::State::Waiting)
                .then(|| Call::Deliver(message.topic.clone())),
        }
    }

    /// (kind, step) for metrics and logs.
    pub(crate) fn names(&self) -> (&'static str, &'static str) {
        match self {
            Self::Checkout(checkout) => ("checkout", checkout.step.as_str()),
            Self::Refund(refund) => ("refund", refund.step.as_str()),
            Self::Message(message) => ("message", message.topic.as_str()),
        }
    }

    fn attempts(&self) -> u32 {
        match self {
            Self::Checkout(checkout) => checkout.attempts,
            Self::Refund(refund) => refund.attempts,
            Self::Message(message) => message.attempts,
        }
    }
}

/// A flow that this driver may carry on until its lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claimed {
    /// The flow at its present step, this try counted.
    pub(crate) flow: Flow,
    /// Its order.
    pub(crate) order: Order,
    /// Which claim this is: nothing is settled by an older one.
    pub(crate) version: i64,
}

/// What a driver wants after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// The next step, if one is due at once.
    GoOn,
    /// Nothing: any driver may go on.
    LetGo,
}

/// Whether an outcome was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// It is committed.
    Kept {
        /// What happened to the order.
        events: Vec<Event>,
        /// The next step, claimed by the same commit.
        next: Option<Box<Claimed>>,
    },
    /// The lease was lost: another driver is at it, and the outcome is dropped.
    Lost,
}

/// Where flows are kept.
pub(crate) trait Journal: Send + Sync {
    /// Claims a flow that is due, of one order or of any. The claim is committed when this returns.
    fn claim(
        &self,
        kind: Kind,
        of: Option<OrderId>,
    ) -> impl Future<Output = Result<Option<Claimed>, Error>> + Send;

    /// Moves a flow on by the outcome of its step, with all events and the claim of the next step, if
    /// that is wanted and due, in one transaction.
    fn settle(
        &self,
        claimed: &Claimed,
        outcome: &Outcome,
        then: Then,
    ) -> impl Future<Output = Result<Settled, Error>> + Send;
}

/// The services that do what flows want.
pub(crate) trait Participants: Send + Sync {
    /// Asks for one thing. Answers in less time than a lease.
    fn perform(&self, order: &Order, call: &Call) -> impl Future<Output = Outcome> + Send;
}

/// What a driver did with a claim.
#[derive(Debug)]
pub(crate) struct Turn {
    /// (kind, step) of the flow.
    pub(crate) names: (&'static str, &'static str),
    /// The outcome in a word.
    pub(crate) outcome: &'static str,
    /// Whether it was taken.
    pub(crate) settled: Settled,
}

impl Turn {
    /// The next step, if this driver has it.
    pub(crate) fn next(self) -> Option<Claimed> {
        match self.settled {
            Settled::Kept { next, .. } => next.map(|next| *next),
            Settled::Lost => None,
        }
    }

    /// Whether it was the last step of a checkout, and nothing follows from it.
    pub(crate) fn is_end(&self) -> bool {
        let Settled::Kept { events, .. } = &self.settled else { return false };
        let ends =
            |event: &Event| matches!(event, Event::Confirmed { .. } | Event::Cancelled { .. });
        let is_owed = |event: &Event| matches!(event, Event::CancelOwed { .. });
        events.iter().any(ends) && !events.iter().any(is_owed)
    }
}

/// Carries a claimed flow on by one step. What comes then is asked for when the step is done.
pub(crate) async fn carry_on(
    journal: &impl Journal,
    participants: &impl Participants,
    claimed: &Claimed,
    then: impl FnOnce() -> Then,
) -> Result<Turn, Error> {
    let names = claimed.flow.names();
    let Some(call) = claimed.flow.call() else { return Err(Error::Stored("a flow at its end")) };
    let outcome = participants.perform(&claimed.order, &call).await;
    if !matches!(outcome, Outcome::Done(_)) {
        let (order, attempts) = (claimed.order.id, claimed.flow.attempts());
        let (flow, step) = names;
        let (word, error) = (outcome.as_str(), outcome.error());
        tracing::info!(%order, flow, step, attempts, outcome = word, error, "a step was not done");
    }
    let settled = settle(journal, claimed, &outcome, then()).await?;
    Ok(Turn { names, outcome: outcome.as_str(), settled })
}

/// Settles, and tries again when the store does not answer: what was done need not wait for the end of
/// the lease. A try that was committed all the same makes the next one find that the claim is over;
/// what it had claimed then goes on when that lease ends.
async fn settle(
    journal: &impl Journal,
    claimed: &Claimed,
    outcome: &Outcome,
    then: Then,
) -> Result<Settled, Error> {
    for _ in 1..SETTLE_TRIES {
        match journal.settle(claimed, outcome, then).await {
            Err(Error::Database(_)) => sleep(SETTLE_PAUSE).await,
            settled => return settled,
        }
    }
    journal.settle(claimed, outcome, then).await
}
