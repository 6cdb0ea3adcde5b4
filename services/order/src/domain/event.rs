//! Events that sagas apply to orders.

use money::Money;

use super::failure::Failure;
use super::ids::RefundId;

/// Actor that requested a change, and the reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Actor {
    /// Account id; empty for the system.
    pub id: String,
    /// Reason; may be empty.
    pub reason: String,
}

impl Actor {
    /// Returns the system as the actor.
    #[must_use]
    pub fn system(reason: &str) -> Self {
        Self { id: String::new(), reason: reason.to_owned() }
    }
}

/// An event of an order, committed together with the saga step that caused it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The payment was captured: the pivot of the checkout.
    Paid {
        /// Id of the capture's transaction.
        transaction: String,
    },
    /// The checkout succeeded.
    Confirmed {
        /// The carrier's tracking number.
        tracking_number: String,
    },
    /// The checkout was rejected or cancelled before the pivot, and all of it is compensated.
    Cancelled {
        /// Why it failed; `None` if the cancellation was requested.
        failure: Option<Failure>,
        /// Actor that cancelled the order, and the reason.
        actor: Actor,
    },
    /// A cancellation was requested after the pivot: the cancellation saga has to follow.
    CancelRequested {
        /// Actor that requested the cancellation.
        actor: Actor,
    },
    /// The shipment of a confirmed order was cancelled; the refund and the restock follow.
    ShipmentCancelled {
        /// Actor that requested the cancellation.
        actor: Actor,
    },
    /// Money was refunded.
    Refunded {
        /// The refund saga.
        refund: RefundId,
        /// Refunded amount.
        amount: Money,
        /// Actor that requested the refund.
        actor: Actor,
    },
    /// The ordered units were removed from the customer's cart.
    LeftCart,
}
