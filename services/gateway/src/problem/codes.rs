//! Table of error codes: stable names that clients may branch on, and their documentation.

use http::StatusCode;

/// Error code of a problem. Its name is part of the API: it is documented and never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Code {
    InvalidRequest,
    InvalidJson,
    QuantityTooLarge,
    Unauthenticated,
    InvalidToken,
    TokenExpired,
    InvalidCredentials,
    InvalidRefreshToken,
    SessionEnded,
    PaymentDeclined,
    Forbidden,
    AccountDisabled,
    NotFound,
    ProductNotFound,
    CategoryNotFound,
    UserNotFound,
    AddressNotFound,
    SessionNotFound,
    CartItemNotFound,
    OrderNotFound,
    PaymentMethodNotFound,
    NotificationNotFound,
    MethodNotAllowed,
    RequestTimeout,
    Conflict,
    SlugTaken,
    CategoryInUse,
    CategoryHasChildren,
    TooManyCategories,
    StockBelowReserved,
    StockTooLarge,
    EmailTaken,
    LastAdmin,
    TooManyAddresses,
    WishlistFull,
    CartFull,
    CartEmpty,
    CartTooHeavy,
    CartChanged,
    TotalChanged,
    OutOfStock,
    ProductUnavailable,
    AmountTooLarge,
    OrderInProgress,
    PaymentRefused,
    ReservationExpired,
    CheckoutRefused,
    CheckoutTimedOut,
    OrderNotCancellable,
    ShipmentUnderWay,
    TransitionNotAllowed,
    NothingToRefund,
    RefundTooLarge,
    RefundRefused,
    RefundInProgress,
    TooManyPaymentMethods,
    NotificationSent,
    NotificationExpired,
    RequestInProgress,
    PreconditionFailed,
    PayloadTooLarge,
    UnsupportedMediaType,
    IdempotencyKeyReused,
    PreconditionRequired,
    RateLimited,
    TooManyAttempts,
    TooManyStreams,
    Internal,
    NotImplemented,
    Overloaded,
    Unavailable,
    DeadlineExceeded,
}

/// Fixed properties of a code.
#[derive(Debug)]
pub(crate) struct CodeInfo {
    pub(crate) code: Code,
    /// Value of the `code` field.
    pub(crate) name: &'static str,
    /// HTTP status of all problems with this code.
    pub(crate) status: StatusCode,
    /// Short description for the OpenAPI document.
    pub(crate) summary: &'static str,
    /// Default detail, used when the failing code has no more specific one.
    pub(crate) detail: &'static str,
}

/// All codes, in the order of the enum.
#[rustfmt::skip]
pub(crate) static TABLE: [CodeInfo; 72] = [
    entry(Code::InvalidRequest, "invalid_request", StatusCode::BAD_REQUEST,
        "The request is not valid",
        "Some fields are not valid; `errors` names each of them."),
    entry(Code::InvalidJson, "invalid_json", StatusCode::BAD_REQUEST,
        "The body is not JSON",
        "The body must be one JSON object without repeated keys."),
    entry(Code::QuantityTooLarge, "quantity_too_large", StatusCode::BAD_REQUEST,
        "Too many units of one product",
        "A cart holds at most 99 units of one product; the cart was not changed."),
    entry(Code::Unauthenticated, "unauthenticated", StatusCode::UNAUTHORIZED,
        "No access token",
        "Send an access token as `Authorization: Bearer <token>`."),
    entry(Code::InvalidToken, "invalid_token", StatusCode::UNAUTHORIZED,
        "The token is not valid",
        "The access token was not issued by this shop."),
    entry(Code::TokenExpired, "token_expired", StatusCode::UNAUTHORIZED,
        "The token has expired",
        "The access token has expired; refresh it and try again."),
    entry(Code::InvalidCredentials, "invalid_credentials", StatusCode::UNAUTHORIZED,
        "The e-mail address or the password is wrong",
        "The e-mail address or the password is wrong."),
    entry(Code::InvalidRefreshToken, "invalid_refresh_token", StatusCode::UNAUTHORIZED,
        "The refresh token is not valid",
        "The session has ended; sign in again."),
    entry(Code::SessionEnded, "session_ended", StatusCode::UNAUTHORIZED,
        "The session has ended",
        "The session of this access token has ended; sign in again."),
    entry(Code::PaymentDeclined, "payment_declined", StatusCode::PAYMENT_REQUIRED,
        "The payment was declined",
        "The payment was declined; you were not charged. Try another payment method."),
    entry(Code::Forbidden, "forbidden", StatusCode::FORBIDDEN,
        "Permission denied",
        "Only administrators may do this."),
    entry(Code::AccountDisabled, "account_disabled", StatusCode::FORBIDDEN,
        "The account is disabled",
        "This account is disabled; contact the shop."),
    entry(Code::NotFound, "not_found", StatusCode::NOT_FOUND,
        "No such resource",
        "This path does not exist."),
    entry(Code::ProductNotFound, "product_not_found", StatusCode::NOT_FOUND,
        "No such product",
        "There is no product with this id or slug."),
    entry(Code::CategoryNotFound, "category_not_found", StatusCode::NOT_FOUND,
        "No such category",
        "There is no category with this id."),
    entry(Code::UserNotFound, "user_not_found", StatusCode::NOT_FOUND,
        "No such account",
        "There is no account with this id."),
    entry(Code::AddressNotFound, "address_not_found", StatusCode::NOT_FOUND,
        "No such address",
        "Your account has no address with this id."),
    entry(Code::SessionNotFound, "session_not_found", StatusCode::NOT_FOUND,
        "No such session",
        "Your account has no session with this id, or it has ended."),
    entry(Code::CartItemNotFound, "cart_item_not_found", StatusCode::NOT_FOUND,
        "Not in the cart",
        "This product is not in your cart."),
    entry(Code::OrderNotFound, "order_not_found", StatusCode::NOT_FOUND,
        "No such order",
        "There is no order with this id, or it is not yours."),
    entry(Code::PaymentMethodNotFound, "payment_method_not_found", StatusCode::NOT_FOUND,
        "No such payment method",
        "Your account has no payment method with this id."),
    entry(Code::NotificationNotFound, "notification_not_found", StatusCode::NOT_FOUND,
        "No such mail",
        "There is no mail with this id."),
    entry(Code::MethodNotAllowed, "method_not_allowed", StatusCode::METHOD_NOT_ALLOWED,
        "The method is not allowed for this path",
        "The `Allow` header names the methods of this path."),
    entry(Code::RequestTimeout, "request_timeout", StatusCode::REQUEST_TIMEOUT,
        "The request took too long to arrive",
        "The body did not arrive in time; send it again."),
    entry(Code::Conflict, "conflict", StatusCode::CONFLICT,
        "The current state does not allow the request",
        "The request is not possible in the current state."),
    entry(Code::SlugTaken, "slug_taken", StatusCode::CONFLICT,
        "The slug is taken",
        "The slug, or the one of this name, is in use; it stays reserved after a deletion."),
    entry(Code::CategoryInUse, "category_in_use", StatusCode::CONFLICT,
        "The category is in use",
        "The category contains products; move them first."),
    entry(Code::CategoryHasChildren, "category_has_children", StatusCode::CONFLICT,
        "The category has subcategories",
        "The category has subcategories; move or delete them first."),
    entry(Code::TooManyCategories, "too_many_categories", StatusCode::CONFLICT,
        "Too many categories",
        "The shop has reached the maximum number of categories."),
    entry(Code::StockBelowReserved, "stock_below_reserved", StatusCode::CONFLICT,
        "Stock would be below reservations",
        "The stock must not be lower than the number of units reserved for orders."),
    entry(Code::StockTooLarge, "stock_too_large", StatusCode::CONFLICT,
        "The stock is too large",
        "The stock would exceed the maximum number of units."),
    entry(Code::EmailTaken, "email_taken", StatusCode::CONFLICT,
        "The e-mail address is taken",
        "An account with this e-mail address exists; sign in or reset the password."),
    entry(Code::LastAdmin, "last_admin", StatusCode::CONFLICT,
        "The last administrator cannot be removed",
        "The shop needs at least one enabled administrator; add another one first."),
    entry(Code::TooManyAddresses, "too_many_addresses", StatusCode::CONFLICT,
        "Too many addresses",
        "The account has reached the maximum number of addresses; delete one first."),
    entry(Code::WishlistFull, "wishlist_full", StatusCode::CONFLICT,
        "The wishlist is full",
        "The wishlist has reached the maximum number of products; remove one first."),
    entry(Code::CartFull, "cart_full", StatusCode::CONFLICT,
        "The cart is full",
        "The cart has reached the maximum number of items; remove one first."),
    entry(Code::CartEmpty, "cart_empty", StatusCode::CONFLICT,
        "The cart is empty",
        "The cart contains nothing that is available."),
    entry(Code::CartTooHeavy, "cart_too_heavy", StatusCode::CONFLICT,
        "The cart is too heavy",
        "The cart is heavier than any carrier accepts; split it into several orders."),
    entry(Code::CartChanged, "cart_changed", StatusCode::CONFLICT,
        "The cart has changed",
        "The cart has changed since this version; reload it."),
    entry(Code::TotalChanged, "total_changed", StatusCode::CONFLICT,
        "The total has changed",
        "The total is higher than `expected_total`; nothing was ordered. See the current amounts."),
    entry(Code::OutOfStock, "out_of_stock", StatusCode::CONFLICT,
        "Out of stock",
        "Some products are not available in this quantity; `errors` names each of them."),
    entry(Code::ProductUnavailable, "product_unavailable", StatusCode::CONFLICT,
        "A product is no longer for sale",
        "Some products are no longer for sale; `errors` names each of them."),
    entry(Code::AmountTooLarge, "amount_too_large", StatusCode::CONFLICT,
        "The total is too large",
        "The total exceeds the maximum amount of a payment; split it into several orders."),
    entry(Code::OrderInProgress, "order_in_progress", StatusCode::CONFLICT,
        "Another checkout is in progress",
        "Another checkout of this cart is in progress; wait until it finishes."),
    entry(Code::PaymentRefused, "payment_refused", StatusCode::CONFLICT,
        "The payment was refused",
        "The payment method cannot be used; you were not charged. Try another payment method."),
    entry(Code::ReservationExpired, "reservation_expired", StatusCode::CONFLICT,
        "The reservation expired",
        "The reservation of the products expired; you were not charged. Order again."),
    entry(Code::CheckoutRefused, "checkout_refused", StatusCode::CONFLICT,
        "The checkout failed",
        "The order could not be completed; you were not charged."),
    entry(Code::CheckoutTimedOut, "checkout_timed_out", StatusCode::CONFLICT,
        "The checkout timed out",
        "The order could not be completed in time; you were not charged. Order again."),
    entry(Code::OrderNotCancellable, "order_not_cancellable", StatusCode::CONFLICT,
        "The order cannot be cancelled",
        "Only an order that is pending or confirmed can be cancelled."),
    entry(Code::ShipmentUnderWay, "shipment_under_way", StatusCode::CONFLICT,
        "The shipment is in transit",
        "The carrier has the shipment; the order can no longer be cancelled."),
    entry(Code::TransitionNotAllowed, "transition_not_allowed", StatusCode::CONFLICT,
        "The status transition is not allowed",
        "An order in this status cannot change to the requested status."),
    entry(Code::NothingToRefund, "nothing_to_refund", StatusCode::CONFLICT,
        "Nothing to refund",
        "Nothing was paid for this order, or everything was refunded."),
    entry(Code::RefundTooLarge, "refund_too_large", StatusCode::CONFLICT,
        "The refund is too large",
        "The amount exceeds what was paid and not yet refunded."),
    entry(Code::RefundRefused, "refund_refused", StatusCode::CONFLICT,
        "The provider refused the refund",
        "The payment provider refused the refund."),
    entry(Code::RefundInProgress, "refund_in_progress", StatusCode::CONFLICT,
        "A refund is in progress",
        "A refund of this order is in progress; wait until it finishes."),
    entry(Code::TooManyPaymentMethods, "too_many_payment_methods", StatusCode::CONFLICT,
        "Too many payment methods",
        "The account has reached the maximum number of payment methods; delete one first."),
    entry(Code::NotificationSent, "notification_sent", StatusCode::CONFLICT,
        "The mail was delivered",
        "This mail was delivered; it cannot be sent again."),
    entry(Code::NotificationExpired, "notification_expired", StatusCode::CONFLICT,
        "The mail is too old",
        "This mail has expired and will not be sent."),
    entry(Code::RequestInProgress, "request_in_progress", StatusCode::CONFLICT,
        "The first request is still running",
        "A request with this `Idempotency-Key` is still running; repeat it shortly."),
    entry(Code::PreconditionFailed, "precondition_failed", StatusCode::PRECONDITION_FAILED,
        "The resource has changed",
        "The resource has changed since it was read; read it again and repeat the change."),
    entry(Code::PayloadTooLarge, "payload_too_large", StatusCode::PAYLOAD_TOO_LARGE,
        "The body is too large",
        "The body must not exceed 16 KiB, or 256 KiB for a product."),
    entry(Code::UnsupportedMediaType, "unsupported_media_type", StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "The content type is not supported",
        "Send the body as `Content-Type: application/json`."),
    entry(Code::IdempotencyKeyReused, "idempotency_key_reused", StatusCode::UNPROCESSABLE_ENTITY,
        "The idempotency key was used before",
        "This `Idempotency-Key` was used with a different request; use a new key."),
    entry(Code::PreconditionRequired, "precondition_required", StatusCode::PRECONDITION_REQUIRED,
        "The request must be conditional",
        "Send the `ETag` of the product in `If-Match`, or add and remove units with \
         `POST /api/v1/admin/products/{id}/stock`."),
    entry(Code::RateLimited, "rate_limited", StatusCode::TOO_MANY_REQUESTS,
        "Too many requests",
        "Wait for the time in `Retry-After` and try again."),
    entry(Code::TooManyAttempts, "too_many_attempts", StatusCode::TOO_MANY_REQUESTS,
        "Too many attempts",
        "Too many attempts with this e-mail address; wait for the time in `Retry-After`."),
    entry(Code::TooManyStreams, "too_many_streams", StatusCode::TOO_MANY_REQUESTS,
        "Too many event streams",
        "A client can have four open event streams; close one before you open another."),
    entry(Code::Internal, "internal", StatusCode::INTERNAL_SERVER_ERROR,
        "Internal error",
        kit::problem::INTERNAL),
    entry(Code::NotImplemented, "not_implemented", StatusCode::NOT_IMPLEMENTED,
        "Not implemented",
        "This shop does not support the request."),
    entry(Code::Overloaded, "overloaded", StatusCode::SERVICE_UNAVAILABLE,
        "Overloaded",
        "The shop is processing as many requests of this kind as it can; try again shortly."),
    entry(Code::Unavailable, "unavailable", StatusCode::SERVICE_UNAVAILABLE,
        "Temporarily unavailable",
        "A part of the shop is temporarily unavailable; try again shortly."),
    entry(Code::DeadlineExceeded, "deadline_exceeded", StatusCode::GATEWAY_TIMEOUT,
        "The deadline was exceeded",
        kit::problem::DEADLINE_EXCEEDED),
];

const fn entry(
    code: Code,
    name: &'static str,
    status: StatusCode,
    summary: &'static str,
    detail: &'static str,
) -> CodeInfo {
    CodeInfo { code, name, status, summary, detail }
}

impl Code {
    /// Returns the entry of the table.
    pub(crate) fn info(self) -> &'static CodeInfo {
        &TABLE[self as usize]
    }

    /// Value of the `code` field.
    pub(crate) fn as_str(self) -> &'static str {
        self.info().name
    }

    /// HTTP status of all problems with this code.
    pub(crate) fn status(self) -> StatusCode {
        self.info().status
    }

    /// Detail of the error of each product, for problems about products.
    pub(crate) fn product_detail(self) -> &'static str {
        match self {
            Self::ProductUnavailable => "is no longer for sale",
            _ => "is not available in this quantity",
        }
    }

    /// Parses the gRPC reason of a service: the name of the code in upper case.
    pub(crate) fn from_reason(reason: &str) -> Option<Self> {
        TABLE.iter().find(|info| info.name.eq_ignore_ascii_case(reason)).map(|info| info.code)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Code, TABLE};

    #[test]
    fn table_is_in_enum_order() {
        for info in &TABLE {
            assert_eq!(info.code.info().name, info.name);
        }
    }

    #[test]
    fn names_are_unique_and_snake_case() {
        let names: BTreeSet<_> = TABLE.iter().map(|info| info.name).collect();
        assert_eq!(names.len(), TABLE.len());
        for name in names {
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        }
    }

    #[test]
    fn codes_have_error_status_and_texts() {
        for info in &TABLE {
            assert!(info.status.is_client_error() || info.status.is_server_error());
            assert!(info.detail.ends_with('.') && !info.summary.ends_with('.'), "{}", info.name);
        }
    }

    #[test]
    fn grpc_reason_is_the_name_in_upper_case() {
        assert_eq!(Code::from_reason("SLUG_TAKEN"), Some(Code::SlugTaken));
        assert_eq!(Code::from_reason("MOON_PHASE"), None);
    }
}
