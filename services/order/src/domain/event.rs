//! What flows do to orders.

use money::Money;

use super::{ids::RefundId, order::Failure};

/// Who did something, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct By {
    /// Who; empty for the system.
    pub actor: String,
    /// Why; may be empty.
    pub reason: String,
}

impl By {
    /// The system itself.
    pub fn system(reason: &str) -> Self {
        Self { actor: String::new(), reason: reason.to_owned() }
    }
}

/// Something that happened to an order, committed with the step of the flow that it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The money was taken: the pivot of a checkout.
    Paid {
        /// The transaction that took it.
        transaction: String,
    },
    /// The checkout is done.
    Confirmed {
        /// The carrier's number.
        tracking_number: String,
    },
    /// The checkout was refused or called off before the pivot, and all of it is undone.
    Cancelled {
        /// Why it was refused; none when the customer wanted it so.
        failure: Option<Failure>,
        /// Who, and in what words.
        by: By,
    },
    /// A cancel came when it was too late to turn back: its flow has to follow.
    CancelOwed {
        /// Who wanted it.
        by: By,
    },
    /// The shipment of a confirmed order was called off; money and stock follow.
    CalledOff {
        /// Who wanted it.
        by: By,
    },
    /// Money was given back.
    GivenBack {
        /// By which flow.
        refund: RefundId,
        /// How much.
        amount: Money,
        /// Who wanted it.
        by: By,
    },
    /// The ordered units are out of the customer's cart.
    LeftCart,
}
