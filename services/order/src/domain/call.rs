//! Calls of sagas to other services, and their idempotency keys.

use money::Money;

use super::ids::{OrderId, RefundId};
use super::outbox::Topic;

/// One call to another service for an order. A repeat has the same idempotency key, so the call
/// takes effect once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Reserve the stock of the order's lines.
    Reserve,
    /// Authorize the total on the payment method.
    Authorize,
    /// Commit the reserved stock as sold.
    CommitStock,
    /// Capture the authorized payment.
    Capture {
        /// Id of the authorization.
        authorization: String,
    },
    /// Create the shipment.
    Ship,
    /// Void the authorization, and reject an authorization that arrives later.
    Void {
        /// Id of the authorization, if it is known.
        authorization: Option<String>,
    },
    /// Release the reservation, and reject a reservation that arrives later.
    Release,
    /// Return stock to sale, whether it was reserved or committed.
    Restock,
    /// Cancel the shipment.
    CancelShipment,
    /// Refund a captured payment.
    Refund {
        /// The refund saga.
        refund: RefundId,
        /// How often the provider declined it before.
        refusals: u32,
        /// Amount to refund.
        amount: Money,
        /// Reason, for the provider.
        reason: String,
    },
    /// Deliver an outbox message.
    Deliver(Topic),
}

/// Returns the idempotency key of an order's authorization; the void names it, too.
#[must_use]
pub fn authorize_key(order: OrderId) -> String {
    format!("{order}:authorize")
}

/// Returns the idempotency key of an order's capture.
#[must_use]
pub fn capture_key(order: OrderId) -> String {
    format!("{order}:capture")
}

/// Returns the idempotency key of the void of an order's authorization.
#[must_use]
pub fn void_key(order: OrderId) -> String {
    format!("{order}:void")
}

/// Returns the idempotency key of a refund; it changes after each decline.
#[must_use]
pub fn refund_key(order: OrderId, refund: RefundId, refusals: u32) -> String {
    match refusals {
        0 => format!("{order}:refund:{refund}"),
        _ => format!("{order}:refund:{refund}:{refusals}"),
    }
}
