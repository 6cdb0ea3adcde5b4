//! The saga executor: claims, executes and records steps of checkouts, refunds and outbox messages.
//! The same code runs in every replica, in the background and inline in requests, and in the
//! simulation.
//!
//! An executor claims a saga that is due (a lease), sends the call of the saga's current step to
//! another service, and records the outcome. If the next step is due at once, the same commit
//! claims it, and the executor continues. The executor may crash at any await;
//! [`crate::domain::checkout`] explains why that is safe. The store and the participants are traits
//! because the simulation implements both of them, too.

mod executor;
mod inline;
mod remote;

pub(crate) use executor::{CHANNEL, EXECUTOR, SagaQueue, Wakeups};
pub(crate) use inline::InlineExecutor;
pub(crate) use remote::RemoteServices;

use std::future::Future;
use std::time::Duration;

use tokio::time::sleep;

use crate::domain::call::Call;
use crate::domain::checkout::Checkout;
use crate::domain::event::Event;
use crate::domain::ids::OrderId;
use crate::domain::order::Order;
use crate::domain::outbox::{self, Message};
use crate::domain::outcome::{Outcome, Reason};
use crate::domain::refund::Refund;
use crate::error::Error;

/// Attempts to record one outcome. Together with the call before them they fit into a lease even
/// when each attempt waits for a connection. An outcome that takes longer is dropped together with
/// the claim.
const RECORD_ATTEMPTS: usize = 3;

/// Delay between two attempts to record an outcome.
const RECORD_RETRY_DELAY: Duration = Duration::from_millis(200);

/// Kind of work that executors claim. Each kind has separate executors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SagaKind {
    /// A checkout.
    Checkout,
    /// A saga that refunds a payment, with or without cancelling the order.
    Refund,
    /// An outbox message that removes ordered units from the cart. The customer's next order waits
    /// for it. Its separate executors keep it independent of mail delivery.
    Cart,
    /// An outbox message that sends a mail.
    Mail,
}

impl SagaKind {
    /// All kinds.
    pub(crate) const ALL: [Self; 4] = [Self::Checkout, Self::Refund, Self::Cart, Self::Mail];

    /// Returns the NOTIFY payload that wakes the executors of this kind.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Checkout => "checkout",
            Self::Refund => "refund",
            Self::Cart => "cart",
            Self::Mail => "mail",
        }
    }
}

/// A saga at its current step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Saga {
    /// A checkout.
    Checkout(Checkout),
    /// A saga that refunds a payment, with or without cancelling the order.
    Refund(Refund),
    /// An outbox message: a saga of one step.
    Message(Message),
}

impl Saga {
    /// Returns the call of the current step; `None` when the saga has ended.
    pub(crate) fn call(&self) -> Option<Call> {
        match self {
            Self::Checkout(checkout) => checkout.call(),
            Self::Refund(refund) => refund.call(),
            Self::Message(message) => (message.state == outbox::State::Waiting)
                .then(|| Call::Deliver(message.topic.clone())),
        }
    }

    /// Whether it is too late for the call of the current step.
    fn is_expired(&self) -> bool {
        match self {
            Self::Checkout(_) | Self::Refund(_) => false,
            Self::Message(message) => message.is_expired,
        }
    }

    /// Returns (saga, step) for metrics and logs.
    pub(crate) fn labels(&self) -> (&'static str, &'static str) {
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

/// A saga that this executor may execute until the lease expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClaimedSaga {
    /// The saga at its current step; `attempts` includes this attempt.
    pub(crate) saga: Saga,
    /// The order of the saga.
    pub(crate) order: Order,
    /// The fencing token: outcomes of an older claim are rejected.
    pub(crate) version: i64,
}

/// Action of the executor after the current step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterStep {
    /// Claims the next step, if it is due at once.
    Continue,
    /// Releases the lease, so that any executor may claim the next step.
    Release,
}

/// Result of recording an outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// The outcome was committed.
    Committed {
        /// Events that were applied to the order.
        events: Vec<Event>,
        /// The next step, claimed in the same transaction.
        next: Option<Box<ClaimedSaga>>,
    },
    /// The lease was lost to another executor; the outcome was dropped.
    LeaseLost,
}

/// Store of sagas.
pub(crate) trait SagaStore: Send + Sync {
    /// Claims a saga of this kind that is due, of one order or of any order. The claim is committed
    /// when this returns.
    fn claim(
        &self,
        kind: SagaKind,
        order: Option<OrderId>,
    ) -> impl Future<Output = Result<Option<ClaimedSaga>, Error>> + Send;

    /// Advances a saga by the outcome of its step. The transition, its events and, if requested and
    /// due, the claim of the next step are written in one transaction.
    fn record_outcome(
        &self,
        claimed: &ClaimedSaga,
        outcome: &Outcome,
        after_step: AfterStep,
    ) -> impl Future<Output = Result<Recorded, Error>> + Send;
}

/// The services that sagas call.
pub(crate) trait Participants: Send + Sync {
    /// Sends one call. Returns in less time than a lease lasts.
    fn perform(&self, order: &Order, call: &Call) -> impl Future<Output = Outcome> + Send;
}

/// Result of executing one step.
#[derive(Debug)]
pub(crate) struct StepResult {
    /// (saga, step), as in [`Saga::labels`].
    pub(crate) labels: (&'static str, &'static str),
    /// Name of the outcome, as in [`Outcome::as_str`]; "expired" if it was too late for the call.
    pub(crate) outcome: &'static str,
    /// Whether the outcome was committed.
    pub(crate) recorded: Recorded,
}

impl StepResult {
    /// Returns the next step, if this executor has claimed it.
    pub(crate) fn next(self) -> Option<ClaimedSaga> {
        match self.recorded {
            Recorded::Committed { next, .. } => next.map(|next| *next),
            Recorded::LeaseLost => None,
        }
    }

    /// Whether this step ended a checkout and no cancellation follows.
    pub(crate) fn ends_checkout(&self) -> bool {
        let Recorded::Committed { events, .. } = &self.recorded else { return false };
        let ends =
            |event: &Event| matches!(event, Event::Confirmed { .. } | Event::Cancelled { .. });
        let is_cancel_request = |event: &Event| matches!(event, Event::CancelRequested { .. });
        events.iter().any(ends) && !events.iter().any(is_cancel_request)
    }
}

/// Executes the current step of a claimed saga and records the outcome. `after_step` is evaluated
/// once the call has returned.
pub(crate) async fn execute_step(
    store: &impl SagaStore,
    participants: &impl Participants,
    claimed: &ClaimedSaga,
    after_step: impl FnOnce() -> AfterStep,
) -> Result<StepResult, Error> {
    let labels = claimed.saga.labels();
    let Some(call) = claimed.saga.call() else {
        return Err(Error::UnknownStoredValue("a saga at an end step"));
    };
    let is_expired = claimed.saga.is_expired();
    if is_expired {
        let order = claimed.order.id;
        tracing::warn!(%order, "removal of ordered units expired: they stay in the cart");
    }
    let outcome = match is_expired {
        true => Outcome::Rejected(Reason { text: "expired".into(), ..Reason::default() }),
        false => participants.perform(&claimed.order, &call).await,
    };
    if !matches!(outcome, Outcome::Done(_)) {
        let (order, attempts) = (claimed.order.id, claimed.saga.attempts());
        let (saga, step) = labels;
        let (name, error) = (outcome.as_str(), outcome.error());
        tracing::info!(%order, saga, step, attempts, outcome = name, error, "step not completed");
    }
    let recorded = record_outcome(store, claimed, &outcome, after_step()).await?;
    let outcome = if is_expired { "expired" } else { outcome.as_str() };
    Ok(StepResult { labels, outcome, recorded })
}

/// Records the outcome and retries when the database fails, so that a completed step does not wait
/// for the end of the lease. If an attempt was committed although it reported an error, the next
/// one finds the lease lost; the step that it had claimed continues when that lease expires.
async fn record_outcome(
    store: &impl SagaStore,
    claimed: &ClaimedSaga,
    outcome: &Outcome,
    after_step: AfterStep,
) -> Result<Recorded, Error> {
    for _ in 1..RECORD_ATTEMPTS {
        match store.record_outcome(claimed, outcome, after_step).await {
            Err(Error::Database(_)) => sleep(RECORD_RETRY_DELAY).await,
            recorded => return recorded,
        }
    }
    store.record_outcome(claimed, outcome, after_step).await
}
