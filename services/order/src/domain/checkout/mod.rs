//! The checkout saga of an order: the state machine that the saga executor advances one step at a
//! time.
//!
//! ```text
//! reserve ──▶ authorize ──▶ commit_stock ──▶ capture ═══▶ ship ──▶ confirmed
//!    │            │              │              │  the pivot
//!    │            └──────────────┴──── void ◀───┘ (rejected)
//!    ▼                                  │
//! release ◀── stock was only reserved ──┤
//!    │                                  ▼
//!    │                               restock
//!    └───────────▶ cancelled ◀──────────┘
//! ```
//!
//! Stock is committed before the payment is captured, so that an expired reservation never leaves a
//! paid customer without goods. Capture is the pivot. Before it, a definite rejection, a requested
//! cancellation, or a step without an outcome at its deadline starts the compensation (`void`,
//! `release`, `restock`); so does a rejected capture. After it, the saga only moves forward. A
//! capture with an unknown outcome is retried without limit, because it may have taken effect.
//!
//! A crash at any point is safe. Before a claim commits, nothing has changed. After it, another
//! executor takes over when the lease expires and repeats the call with the same idempotency key,
//! which takes effect once. The outcome and its events are committed together, and only by the
//! executor that still holds the claim (`version` is the fencing token). The compensation of an
//! abandoned step is sent even if the step's outcome is unknown; a compensation that arrives before
//! the call that it compensates takes precedence. Without retries the graph has no cycle, so the
//! saga terminates.

mod next;

use jiff::Timestamp;

pub use next::next;

use super::call::Call;
use super::event::{Actor, Event};
use super::failure::Failure;
use super::ids::OrderId;

/// Step of the checkout saga: the next action, or an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Reserve the stock.
    Reserve,
    /// Authorize the payment.
    Authorize,
    /// Commit the reserved stock as sold.
    CommitStock,
    /// Capture the payment: the pivot.
    Capture,
    /// Create the shipment.
    Ship,
    /// End: the checkout succeeded.
    Confirmed,
    /// Compensation: void the authorization.
    Void,
    /// Compensation: release the reservation.
    Release,
    /// Compensation: return the stock to sale, whether it was reserved or committed.
    Restock,
    /// End: the checkout was compensated.
    Cancelled,
}

impl Step {
    /// All steps, each after those that can precede it.
    pub const ALL: [Self; 10] = [
        Self::Reserve,
        Self::Authorize,
        Self::CommitStock,
        Self::Capture,
        Self::Ship,
        Self::Confirmed,
        Self::Void,
        Self::Release,
        Self::Restock,
        Self::Cancelled,
    ];

    /// Returns the name that is stored and shown to administrators.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reserve => "reserve",
            Self::Authorize => "authorize",
            Self::CommitStock => "commit_stock",
            Self::Capture => "capture",
            Self::Ship => "ship",
            Self::Confirmed => "confirmed",
            Self::Void => "void",
            Self::Release => "release",
            Self::Restock => "restock",
            Self::Cancelled => "cancelled",
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
        matches!(self, Self::Confirmed | Self::Cancelled)
    }
}

/// Record of a completed step, for administrators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletedStep {
    /// The step.
    pub step: Step,
    /// "done", "rejected" or "unknown".
    pub outcome: String,
    /// Number of attempts.
    pub attempts: u32,
    /// Time of the start of the step.
    pub began_at: Timestamp,
    /// Time of the last outcome.
    pub ended_at: Timestamp,
    /// Error of the last attempt; may be empty.
    pub error: String,
}

/// Data that a checkout carries from step to step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data {
    /// Id of the authorization, once it is known.
    pub authorization: Option<String>,
    /// Whether a commit of the stock may have been sent, so that only a restock compensates it.
    pub commit_sent: bool,
    /// Why the compensation started.
    pub failure: Option<Failure>,
    /// The completed steps in order, each at most once.
    pub completed_steps: Vec<CompletedStep>,
}

/// A checkout saga.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// The order.
    pub order: OrderId,
    /// Current step.
    pub step: Step,
    /// Data of the saga.
    pub data: Data,
    /// Attempts of this step, including the current one.
    pub attempts: u32,
    /// Time of the start of this step.
    pub began_at: Timestamp,
    /// When retries of this step end, if it is a step before the pivot.
    pub deadline_at: Timestamp,
    /// Actor that requested the cancellation of the order, if it was requested.
    pub cancel: Option<Actor>,
}

/// Transition of a checkout after a step. The store sets the deadline of the next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// The next step.
    pub step: Step,
    /// Data after the step.
    pub data: Data,
    /// When the saga is due again.
    pub due_at: Timestamp,
    /// Events for the order.
    pub events: Vec<Event>,
}

impl Checkout {
    /// Returns the checkout after a transition; a newly entered step gets this deadline.
    #[must_use]
    pub fn apply(&self, transition: &Transition, now: Timestamp, deadline_at: Timestamp) -> Self {
        let Transition { step, data, due_at: _, events: _ } = transition;
        let state = Self { step: *step, data: data.clone(), ..self.clone() };
        match self.step == *step {
            true => state,
            false => Self { attempts: 0, began_at: now, deadline_at, ..state },
        }
    }

    /// Returns the call of the current step; `None` at an end.
    #[must_use]
    pub fn call(&self) -> Option<Call> {
        let authorization = self.data.authorization.clone();
        match self.step {
            Step::Reserve => Some(Call::Reserve),
            Step::Authorize => Some(Call::Authorize),
            Step::CommitStock => Some(Call::CommitStock),
            Step::Capture => {
                Some(Call::Capture { authorization: authorization.unwrap_or_default() })
            }
            Step::Ship => Some(Call::Ship),
            Step::Void => Some(Call::Void { authorization }),
            Step::Release => Some(Call::Release),
            Step::Restock => Some(Call::Restock),
            Step::Confirmed | Step::Cancelled => None,
        }
    }
}
