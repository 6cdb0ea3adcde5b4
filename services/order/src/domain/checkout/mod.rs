//! The checkout of an order: one row, one step at a time.
//!
//! ```text
//! reserve ──▶ authorize ──▶ commit_stock ──▶ capture ═══▶ ship ──▶ confirmed
//!    │            │              │              │  the pivot
//!    │            └──────────────┴──── void ◀───┘ (refused)
//!    ▼                                  │
//! release ◀──── stock was only held ────┤
//!    │                                  ▼
//!    │                               restock
//!    └───────────▶ cancelled ◀──────────┘
//! ```
//!
//! Stock is committed before money is taken, so that a reservation that ran out leaves no paid customer
//! without goods. Until the money is taken, a definite refusal, a cancel, or a step that has no answer
//! in time turns the checkout back; from then on it only goes forward. A capture without answer is
//! asked for again for ever, for it may have happened.
//!
//! Why a crash anywhere is safe: before a claim commits, nothing has changed. After it, another driver
//! takes over when the lease has ended and asks with the same key, which acts once. The outcome and
//! its events are committed together, by whoever still holds the claim (`version`). What is given up
//! without an answer has its undo sent, and an undo that comes before what it undoes wins over it.
//! Without retries the graph has no cycle, so it ends.

mod next;

use jiff::Timestamp;

pub use next::next;

use super::{
    call::Call,
    event::{By, Event},
    ids::OrderId,
    order::Failure,
};

/// Where a checkout is: what it does next, or how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Step {
    /// Hold the stock.
    Reserve,
    /// Hold the money.
    Authorize,
    /// Take the stock out.
    CommitStock,
    /// Take the money: the pivot.
    Capture,
    /// Make the shipment.
    Ship,
    /// The end of a checkout that went well.
    Confirmed,
    /// Let the money go.
    Void,
    /// Give the held stock back.
    Release,
    /// Give the stock back, held or taken.
    Restock,
    /// The end of a checkout that was turned back.
    Cancelled,
}

impl Step {
    /// All of them, each after those that can come before it.
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

    /// As stored and told.
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
    pub fn from_stored(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == word)
    }

    /// Whether nothing is left to do.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Confirmed | Self::Cancelled)
    }
}

/// A step that came to an end, for administrators.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Which.
    pub step: Step,
    /// "done", "rejected" or "unknown".
    pub outcome: String,
    /// Tries it took.
    pub attempts: u32,
    /// When it was begun.
    pub began_at: Timestamp,
    /// When it ended.
    pub ended_at: Timestamp,
    /// The error it ended with; may be empty.
    pub error: String,
}

/// What a checkout has to remember.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Data {
    /// The authorisation, once it is known.
    pub authorization: Option<String>,
    /// Taking the stock out may have been asked for, so that only a restock undoes it.
    pub commit_sent: bool,
    /// Why it turned back.
    pub failure: Option<Failure>,
    /// The steps that came to an end, in order; at most one for each step.
    pub trail: Vec<Trace>,
}

/// A checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// Whose.
    pub order: OrderId,
    /// Where it is.
    pub step: Step,
    /// What it remembers.
    pub data: Data,
    /// Tries at this step, the present one included.
    pub attempts: u32,
    /// When this step was begun.
    pub began_at: Timestamp,
    /// When this step is given up, if it may be.
    pub deadline_at: Timestamp,
    /// Somebody wants the order cancelled.
    pub cancel: Option<By>,
}

/// What becomes of a checkout. What the step is given as its deadline is up to whoever stores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Where it is then.
    pub step: Step,
    /// What it remembers then.
    pub data: Data,
    /// When it goes on.
    pub due_at: Timestamp,
    /// What happens to the order.
    pub events: Vec<Event>,
}

impl Checkout {
    /// The checkout after a transition; a step that is new is given up at `deadline_at`.
    #[must_use]
    pub fn after(&self, turned: &Transition, now: Timestamp, deadline_at: Timestamp) -> Self {
        let Transition { step, data, due_at: _, events: _ } = turned;
        let state = Self { step: *step, data: data.clone(), ..self.clone() };
        match self.step == *step {
            true => state,
            false => Self { attempts: 0, began_at: now, deadline_at, ..state },
        }
    }

    /// What to ask of whom; `None` at an end.
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
