//! What can go wrong, and what callers are told of it.

use kit::{
    grpc::status::{self, with_reason},
    postgres,
};
use sqlx::error::Error as SqlError;
use tonic::{Code, Status};

use crate::domain::{
    ids::ProductId,
    order::Impossible,
    status::{NotAllowed, Status as OrderStatus},
};

/// Everything that can go wrong with orders.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such order, or it is somebody else's.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Nothing is in the cart.
    #[error("the cart is empty")]
    CartEmpty,
    /// The cart is not the one that the customer saw.
    #[error("the cart has changed")]
    CartChanged,
    /// Another order of this customer is at work, or its units are still in the cart.
    #[error("another order of this cart is at work")]
    OrderInProgress,
    /// There is not enough of these products.
    #[error("there is not enough left of some products")]
    OutOfStock(Vec<ProductId>),
    /// These products are not on sale any more.
    #[error("some products are not on sale any more")]
    ProductUnavailable(Vec<ProductId>),
    /// Nobody ships so.
    #[error("there is no such way to ship")]
    UnknownShippingOption,
    /// Nobody ships there.
    #[error("nothing can be shipped to this address")]
    Undeliverable,
    /// What is in the cart is too heavy for one parcel.
    #[error("the cart is too heavy to be shipped")]
    CartTooHeavy,
    /// The customer has no such payment method.
    #[error("there is no such payment method")]
    UnknownPaymentMethod,
    /// The key was used for another request.
    #[error("this key was used for another request")]
    KeyReused,
    /// The status does not allow the change.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// The order is too far to be cancelled.
    #[error("an order that is {} cannot be cancelled", .0.as_str())]
    NotCancellable(OrderStatus),
    /// The parcel is with the carrier.
    #[error("the shipment is on its way and cannot be called off")]
    ShipmentUnderWay,
    /// Nothing was paid, or all was given back.
    #[error("there is nothing to give back")]
    NothingToRefund,
    /// More was asked back than is left.
    #[error("more was asked for than is left of the payment")]
    RefundTooLarge,
    /// The amount is not in the currency of the order.
    #[error("is not in the currency of the order")]
    WrongCurrency,
    /// The payment provider refused to give the money back.
    #[error("the payment provider refused the refund")]
    RefundRefused,
    /// Money of this order is being given back.
    #[error("a refund of this order is at work")]
    RefundInProgress,
    /// An amount cannot be computed.
    #[error("the amounts of the order cannot be added up")]
    Money(#[from] money::Error),
    /// Another service did not answer as it should.
    #[error("{service} answered {}", .status.code())]
    Callee {
        /// Which.
        service: &'static str,
        /// What it said.
        status: Status,
    },
    /// Another service answered something that cannot be.
    #[error("{0} answered something that cannot be")]
    Answer(&'static str),
    /// A flow did what it may never do.
    #[error("a flow broke the rules of an order")]
    Impossible(#[from] Impossible),
    /// The database holds something that this program never writes.
    #[error("{0} holds a value that this version does not know")]
    Stored(&'static str),
    /// The database did not do what it was asked.
    #[error("the database failed")]
    Database(#[from] SqlError),
    /// A setting or the process around the service is at fault.
    #[error(transparent)]
    Kit(#[from] kit::Error),
}

impl Error {
    /// What another service's answer means for whoever wanted to order.
    pub(crate) fn of_callee(service: &'static str) -> impl Fn(Status) -> Self {
        move |status| Self::Callee { service, status }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::NotFound(what) => status::not_found(what),
            Error::UnknownShippingOption => status::invalid_argument("shipping_option", text),
            Error::Undeliverable => status::invalid_argument("shipping_address", text),
            Error::UnknownPaymentMethod => status::invalid_argument("payment_method_id", text),
            Error::WrongCurrency => status::invalid_argument("amount", text),
            Error::OutOfStock(ref products) => of_products("out_of_stock", text, products),
            Error::ProductUnavailable(ref products) => {
                of_products("product_unavailable", text, products)
            }
            Error::CartEmpty => refused("cart_empty", text),
            Error::CartTooHeavy => refused("cart_too_heavy", text),
            Error::CartChanged => refused("cart_changed", text),
            Error::OrderInProgress => refused("order_in_progress", text),
            Error::KeyReused => refused("idempotency_key_reused", text),
            Error::NotAllowed(_) => refused("transition_not_allowed", text),
            Error::NotCancellable(_) => refused("order_not_cancellable", text),
            Error::ShipmentUnderWay => refused("shipment_under_way", text),
            Error::NothingToRefund => refused("nothing_to_refund", text),
            Error::RefundTooLarge => refused("refund_too_large", text),
            Error::RefundRefused => refused("refund_refused", text),
            Error::RefundInProgress => refused("refund_in_progress", text),
            Error::Money(_) => refused("amount_too_large", text),
            Error::Callee { service, ref status } => of_callee(service, status, &error),
            Error::Answer(_) | Error::Impossible(_) | Error::Stored(_) | Error::Kit(_) => {
                status::internal(&error)
            }
            Error::Database(ref cause) => postgres::status(cause),
        }
    }
}

fn refused(reason: &str, text: String) -> Status {
    status::failed_precondition(reason, text)
}

/// The products at fault go along by id, separated by commas.
fn of_products(reason: &str, text: String, products: &[ProductId]) -> Status {
    let ids: Vec<String> = products.iter().map(ToString::to_string).collect();
    let facts = [("product_ids".to_owned(), ids.join(","))];
    with_reason(Code::FailedPrecondition, reason, text, facts)
}

/// What may pass is worth another try; a definite answer that no rule explains is a defect.
fn of_callee(service: &'static str, answer: &Status, error: &Error) -> Status {
    match answer.code() {
        Code::Unavailable
        | Code::DeadlineExceeded
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::Cancelled => {
            tracing::warn!(service, code = ?answer.code(), "another service did not answer");
            status::unavailable(postgres::RETRY_AFTER)
        }
        _ => status::internal(error),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn products_at_fault_go_along() {
        let products = vec![ProductId(Uuid::from_u128(1)), ProductId(Uuid::from_u128(2))];
        let told = Status::from(Error::OutOfStock(products));
        assert_eq!(status::reason_of(&told).as_deref(), Some("out_of_stock"));
        let ids = status::metadata_of(&told, "product_ids").unwrap();
        assert_eq!(ids.split(',').count(), 2);
    }

    #[test]
    fn an_outage_of_others_is_worth_another_try_and_their_refusals_are_defects() {
        let of = |status| Status::from(Error::of_callee("cart")(status)).code();
        assert_eq!(of(Status::unavailable("x")), Code::Unavailable);
        assert_eq!(of(Status::deadline_exceeded("x")), Code::Unavailable);
        assert_eq!(of(Status::invalid_argument("x")), Code::Internal);
    }
}
