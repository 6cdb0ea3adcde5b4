//! Errors of the service, and their mapping to gRPC statuses.

use kit::grpc::status::{self, with_reason};
use kit::postgres;
use sqlx::error::Error as SqlError;
use tonic::{Code, Status};

use crate::domain::ids::ProductId;
use crate::domain::order::InvalidEvent;
use crate::domain::price::Sums;
use crate::domain::status::{Status as OrderStatus, TransitionNotAllowed};

/// Errors of orders.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The object does not exist, or belongs to another customer.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The cart is empty.
    #[error("the cart is empty")]
    CartEmpty,
    /// The cart is not the version that the customer saw.
    #[error("the cart has changed")]
    CartChanged,
    /// The total is above what the customer accepts; with the sums that the order would have.
    #[error("the total is higher than expected")]
    TotalChanged(Sums),
    /// Another order of this customer is in progress, or its units are still in the cart.
    #[error("another order of this cart is in progress")]
    OrderInProgress,
    /// These products have too little stock.
    #[error("some products have too little stock")]
    OutOfStock(Vec<ProductId>),
    /// These products are no longer sold.
    #[error("some products are no longer sold")]
    ProductUnavailable(Vec<ProductId>),
    /// No carrier offers this shipping option.
    #[error("the shipping option does not exist")]
    UnknownShippingOption,
    /// No carrier delivers to this address.
    #[error("no carrier delivers to this address")]
    Undeliverable,
    /// The contents of the cart are too heavy for one parcel.
    #[error("the cart is too heavy to be shipped")]
    CartTooHeavy,
    /// The customer has no payment method with this id.
    #[error("the payment method does not exist")]
    UnknownPaymentMethod,
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// The status does not allow the transition.
    #[error(transparent)]
    TransitionNotAllowed(#[from] TransitionNotAllowed),
    /// The order has progressed too far to be cancelled.
    #[error("an order that is {} cannot be cancelled", .0.as_str())]
    NotCancellable(OrderStatus),
    /// The carrier has the parcel.
    #[error("the shipment is under way and cannot be cancelled")]
    ShipmentUnderWay,
    /// Nothing was paid, or everything was refunded.
    #[error("there is nothing to refund")]
    NothingToRefund,
    /// The requested amount exceeds what has not been refunded.
    #[error("the amount exceeds the part of the payment that is not refunded")]
    RefundTooLarge,
    /// The amount is not in the currency of the order.
    #[error("must be in the currency of the order")]
    WrongCurrency,
    /// The payment provider declined the refund.
    #[error("the payment provider declined the refund")]
    RefundRefused,
    /// Another refund of this order is in progress.
    #[error("a refund of this order is in progress")]
    RefundInProgress,
    /// This replica has the maximum number of open streams.
    #[error("too many orders are watched")]
    TooManyStreams,
    /// An amount cannot be represented.
    #[error("the amounts of the order exceed the supported range")]
    Money(#[from] money::Error),
    /// A call to another service failed.
    #[error("the call to {service} failed with {}", .status.code())]
    RemoteCall {
        /// The called service.
        service: &'static str,
        /// The status that it returned.
        status: Status,
    },
    /// Another service returned an invalid response.
    #[error("{0} returned an invalid response")]
    InvalidResponse(&'static str),
    /// A saga emitted an event that the order's state forbids.
    #[error("a saga event is invalid for the order")]
    InvalidEvent(#[from] InvalidEvent),
    /// The database holds a value that this version does not write.
    #[error("{0} holds a value that is unknown to this version")]
    UnknownStoredValue(&'static str),
    /// The database failed.
    #[error("the database failed")]
    Database(#[from] SqlError),
    /// A setting or the process runtime is at fault.
    #[error(transparent)]
    Kit(#[from] kit::Error),
}

impl Error {
    /// Returns the conversion of a failed call's status.
    pub(crate) fn from_remote(service: &'static str) -> impl Fn(Status) -> Self {
        move |status| Self::RemoteCall { service, status }
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
            Error::OutOfStock(ref products) => product_status("out_of_stock", text, products),
            Error::ProductUnavailable(ref products) => {
                product_status("product_unavailable", text, products)
            }
            Error::CartEmpty => precondition_failed("cart_empty", text),
            Error::CartTooHeavy => precondition_failed("cart_too_heavy", text),
            Error::CartChanged => precondition_failed("cart_changed", text),
            Error::TotalChanged(ref sums) => total_status(text, sums),
            Error::OrderInProgress => precondition_failed("order_in_progress", text),
            Error::KeyReused => precondition_failed("idempotency_key_reused", text),
            Error::TransitionNotAllowed(_) => {
                status::field_precondition("status", "transition_not_allowed", text)
            }
            Error::NotCancellable(_) => precondition_failed("order_not_cancellable", text),
            Error::ShipmentUnderWay => precondition_failed("shipment_under_way", text),
            Error::NothingToRefund => precondition_failed("nothing_to_refund", text),
            Error::RefundTooLarge => status::field_precondition("amount", "refund_too_large", text),
            Error::RefundRefused => precondition_failed("refund_refused", text),
            Error::RefundInProgress => precondition_failed("refund_in_progress", text),
            Error::TooManyStreams => status::unavailable_in_part(postgres::RETRY_AFTER),
            Error::Money(_) => precondition_failed("amount_too_large", text),
            Error::RemoteCall { service, ref status } => remote_status(service, status, &error),
            Error::InvalidResponse(_)
            | Error::InvalidEvent(_)
            | Error::UnknownStoredValue(_)
            | Error::Kit(_) => status::internal(&error),
            Error::Database(ref cause) => postgres::status(cause),
        }
    }
}

fn precondition_failed(reason: &str, text: String) -> Status {
    status::failed_precondition(reason, text)
}

/// Returns a status with the ids of the products at fault, separated by commas.
fn product_status(reason: &str, text: String, products: &[ProductId]) -> Status {
    let ids: Vec<String> = products.iter().map(ToString::to_string).collect();
    let facts = [("product_ids".to_owned(), ids.join(","))];
    with_reason(Code::FailedPrecondition, reason, text, facts)
}

/// Returns a status with the current sums.
fn total_status(text: String, sums: &Sums) -> Status {
    let Sums { subtotal, shipping, tax, total } = sums;
    let amounts = [
        ("subtotal_cents", subtotal),
        ("shipping_cents", shipping),
        ("tax_cents", tax),
        ("total_cents", total),
    ];
    let facts = amounts.map(|(name, amount)| (name.to_owned(), amount.cents().to_string()));
    let currency = ("currency".to_owned(), total.currency().code().to_owned());
    let field = ("field".to_owned(), "expected_total".to_owned());
    let facts = facts.into_iter().chain([currency, field]);
    with_reason(Code::FailedPrecondition, "total_changed", text, facts)
}

/// Transient errors can be retried; a definite error that no rule explains is a defect.
fn remote_status(service: &'static str, status: &Status, error: &Error) -> Status {
    match status.code() {
        Code::Unavailable
        | Code::DeadlineExceeded
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::Cancelled => {
            tracing::warn!(service, code = ?status.code(), "call to another service failed");
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
    fn out_of_stock_status_names_the_products() {
        let products = vec![ProductId(Uuid::from_u128(1)), ProductId(Uuid::from_u128(2))];
        let status = Status::from(Error::OutOfStock(products));
        assert_eq!(status::reason_of(&status).as_deref(), Some("out_of_stock"));
        let ids = status::metadata_of(&status, "product_ids").unwrap();
        assert_eq!(ids.split(',').count(), 2);
    }

    #[test]
    fn remote_outage_is_unavailable_and_rejection_is_internal() {
        let code_of = |status| Status::from(Error::from_remote("cart")(status)).code();
        assert_eq!(code_of(Status::unavailable("x")), Code::Unavailable);
        assert_eq!(code_of(Status::deadline_exceeded("x")), Code::Unavailable);
        assert_eq!(code_of(Status::invalid_argument("x")), Code::Internal);
    }
}
