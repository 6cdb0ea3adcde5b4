//! What flows ask of other services, and what can come of it.

use money::Money;

use super::{
    ids::{OrderId, ProductId, RefundId},
    outbox::Topic,
};

/// One call to another service for an order. A repeat has the same key, so that it acts once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Hold the stock of the lines.
    Reserve,
    /// Hold the total on the payment method.
    Authorize,
    /// Take the held stock out.
    CommitStock,
    /// Take the held money.
    Capture {
        /// The authorisation.
        authorization: String,
    },
    /// Make the shipment.
    Ship,
    /// Let held money go, and refuse an authorisation that comes late.
    Void {
        /// The authorisation, when it is known.
        authorization: Option<String>,
    },
    /// Give held stock back, and refuse a reservation that comes late.
    Release,
    /// Give stock back, whether it was held or taken.
    Restock,
    /// Call the shipment off.
    CallOff,
    /// Give money back.
    GiveBack {
        /// For which refund.
        refund: RefundId,
        /// How often it was refused before.
        refusals: u32,
        /// How much.
        amount: Money,
        /// Why, for the provider.
        reason: String,
    },
    /// Deliver a message.
    Deliver(Topic),
}

/// The key of the authorisation of an order; the void needs it too.
pub fn authorize_key(order: OrderId) -> String {
    format!("{order}:authorize")
}

/// The key of the capture of an order.
pub fn capture_key(order: OrderId) -> String {
    format!("{order}:capture")
}

/// The key of the void of an order's authorisation.
pub fn void_key(order: OrderId) -> String {
    format!("{order}:void")
}

/// The key of a refund, of another one after each time that it was refused.
pub fn refund_key(order: OrderId, refund: RefundId, refusals: u32) -> String {
    match refusals {
        0 => format!("{order}:refund:{refund}"),
        _ => format!("{order}:refund:{refund}:{refusals}"),
    }
}

/// What the other side calls what it did: an authorisation, a transaction, a tracking number. Empty
/// where there is nothing to name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt(pub String);

/// Why a call was refused for good.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reason {
    /// For the log and administrators.
    pub text: String,
    /// The provider's word for a decline; empty when it was none.
    pub decline_code: String,
    /// The products that could not be had.
    pub products: Vec<ProductId>,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done, now or by an earlier try.
    Done(Receipt),
    /// It was not done, and will not be.
    Rejected(Reason),
    /// Nobody knows. The text is for the log and administrators.
    Unknown(String),
}

impl Outcome {
    /// A word for metrics and administrators.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::Rejected(_) => "rejected",
            Self::Unknown(_) => "unknown",
        }
    }

    /// What went wrong; empty when nothing did.
    pub fn error(&self) -> &str {
        match self {
            Self::Done(_) => "",
            Self::Rejected(reason) => &reason.text,
            Self::Unknown(text) => text,
        }
    }
}
