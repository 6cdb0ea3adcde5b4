//! The table of error codes: what a client may branch on, and what `/openapi.json` tells of it.

use http::StatusCode;

/// Why a request was not done. The word is the contract: it is documented and never changes.
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
    PaymentDeclined,
    Forbidden,
    AccountDisabled,
    NotFound,
    ProductNotFound,
    CategoryNotFound,
    UserNotFound,
    AddressNotFound,
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
    PayloadTooLarge,
    UnsupportedMediaType,
    IdempotencyKeyReused,
    RateLimited,
    TooManyAttempts,
    Internal,
    NotImplemented,
    Overloaded,
    Unavailable,
    DeadlineExceeded,
}

/// What is fixed about a code.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) code: Code,
    /// The word in the `code` field.
    pub(crate) word: &'static str,
    /// The status it always comes with.
    pub(crate) status: StatusCode,
    /// What it is, in a few words, for the document.
    pub(crate) summary: &'static str,
    /// What is said when the place that failed has nothing more precise to say.
    pub(crate) detail: &'static str,
}

/// Every code, in the order of the enum.
#[rustfmt::skip]
pub(crate) static TABLE: [Row; 66] = [
    row(Code::InvalidRequest, "invalid_request", StatusCode::BAD_REQUEST,
        "The request is not valid",
        "Some fields are not valid; `errors` names each of them."),
    row(Code::InvalidJson, "invalid_json", StatusCode::BAD_REQUEST,
        "The body is not JSON",
        "The body must be one JSON object."),
    row(Code::QuantityTooLarge, "quantity_too_large", StatusCode::BAD_REQUEST,
        "More of one product than a cart takes",
        "A cart takes at most 99 of one product; nothing was changed."),
    row(Code::Unauthenticated, "unauthenticated", StatusCode::UNAUTHORIZED,
        "A token is needed",
        "Send an access token as `Authorization: Bearer <token>`."),
    row(Code::InvalidToken, "invalid_token", StatusCode::UNAUTHORIZED,
        "The token is not valid",
        "The access token is not one that this shop issued."),
    row(Code::TokenExpired, "token_expired", StatusCode::UNAUTHORIZED,
        "The token has expired",
        "The access token has expired; refresh it and try again."),
    row(Code::InvalidCredentials, "invalid_credentials", StatusCode::UNAUTHORIZED,
        "The e-mail address or the password is wrong",
        "The e-mail address or the password is wrong."),
    row(Code::InvalidRefreshToken, "invalid_refresh_token", StatusCode::UNAUTHORIZED,
        "The refresh token is not valid",
        "The session has ended; sign in again."),
    row(Code::PaymentDeclined, "payment_declined", StatusCode::PAYMENT_REQUIRED,
        "The payment was declined",
        "Your payment was declined; nothing was taken. Try another payment method."),
    row(Code::Forbidden, "forbidden", StatusCode::FORBIDDEN,
        "Not allowed",
        "This is for administrators of the shop."),
    row(Code::AccountDisabled, "account_disabled", StatusCode::FORBIDDEN,
        "The account is disabled",
        "This account is disabled; ask the shop."),
    row(Code::NotFound, "not_found", StatusCode::NOT_FOUND,
        "Nothing is here",
        "This path does not exist."),
    row(Code::ProductNotFound, "product_not_found", StatusCode::NOT_FOUND,
        "No such product",
        "There is no product with this id or slug."),
    row(Code::CategoryNotFound, "category_not_found", StatusCode::NOT_FOUND,
        "No such category",
        "There is no category with this id."),
    row(Code::UserNotFound, "user_not_found", StatusCode::NOT_FOUND,
        "No such account",
        "There is no account with this id."),
    row(Code::AddressNotFound, "address_not_found", StatusCode::NOT_FOUND,
        "No such address",
        "There is no address of yours with this id."),
    row(Code::CartItemNotFound, "cart_item_not_found", StatusCode::NOT_FOUND,
        "Not in the cart",
        "This product is not in your cart."),
    row(Code::OrderNotFound, "order_not_found", StatusCode::NOT_FOUND,
        "No such order",
        "There is no order with this id, or it is not yours."),
    row(Code::PaymentMethodNotFound, "payment_method_not_found", StatusCode::NOT_FOUND,
        "No such payment method",
        "There is no payment method of yours with this id."),
    row(Code::NotificationNotFound, "notification_not_found", StatusCode::NOT_FOUND,
        "No such mail",
        "There is no mail with this id."),
    row(Code::MethodNotAllowed, "method_not_allowed", StatusCode::METHOD_NOT_ALLOWED,
        "The method is not allowed here",
        "The `Allow` header names the methods of this path."),
    row(Code::RequestTimeout, "request_timeout", StatusCode::REQUEST_TIMEOUT,
        "The request took too long to arrive",
        "The body did not arrive in time; send it again."),
    row(Code::Conflict, "conflict", StatusCode::CONFLICT,
        "The present state does not allow it",
        "This is not possible in the present state."),
    row(Code::SlugTaken, "slug_taken", StatusCode::CONFLICT,
        "The slug is taken",
        "Something else has this slug; a slug stays taken when its owner is deleted."),
    row(Code::CategoryInUse, "category_in_use", StatusCode::CONFLICT,
        "The category is in use",
        "Products are in this category: move them first."),
    row(Code::CategoryHasChildren, "category_has_children", StatusCode::CONFLICT,
        "The category is not a leaf",
        "Categories lie below this one: move or delete them first."),
    row(Code::TooManyCategories, "too_many_categories", StatusCode::CONFLICT,
        "No room for another category",
        "The shop has as many categories as it may."),
    row(Code::StockBelowReserved, "stock_below_reserved", StatusCode::CONFLICT,
        "Orders have reserved more",
        "Fewer units would be left than orders have reserved."),
    row(Code::StockTooLarge, "stock_too_large", StatusCode::CONFLICT,
        "More stock than can be kept",
        "More units would be on hand than can be kept."),
    row(Code::EmailTaken, "email_taken", StatusCode::CONFLICT,
        "The e-mail address is taken",
        "There is an account with this e-mail address: sign in, or ask for a new password."),
    row(Code::LastAdmin, "last_admin", StatusCode::CONFLICT,
        "The last administrator",
        "A shop needs an administrator who can sign in: make another one first."),
    row(Code::TooManyAddresses, "too_many_addresses", StatusCode::CONFLICT,
        "No room for another address",
        "An account has as many addresses as it may: delete one first."),
    row(Code::WishlistFull, "wishlist_full", StatusCode::CONFLICT,
        "No room on the wishlist",
        "The wishlist has as many products as it may: take one off first."),
    row(Code::CartFull, "cart_full", StatusCode::CONFLICT,
        "No room in the cart",
        "A cart has as many lines as it may: remove one first."),
    row(Code::CartEmpty, "cart_empty", StatusCode::CONFLICT,
        "Nothing in the cart",
        "There is nothing in your cart that can be bought."),
    row(Code::CartTooHeavy, "cart_too_heavy", StatusCode::CONFLICT,
        "The cart is too heavy",
        "No carrier takes as much as is in your cart: order it in parts."),
    row(Code::CartChanged, "cart_changed", StatusCode::CONFLICT,
        "The cart has changed",
        "Your cart is not the one of this version any more: look at it again."),
    row(Code::OutOfStock, "out_of_stock", StatusCode::CONFLICT,
        "Not enough left",
        "There is not enough left of some products; `errors` names each of them."),
    row(Code::ProductUnavailable, "product_unavailable", StatusCode::CONFLICT,
        "Not on sale any more",
        "Some products are not on sale any more; `errors` names each of them."),
    row(Code::AmountTooLarge, "amount_too_large", StatusCode::CONFLICT,
        "The sum is too large",
        "The order comes to more than can be paid at once: order it in parts."),
    row(Code::OrderInProgress, "order_in_progress", StatusCode::CONFLICT,
        "Another order is at work",
        "Another order of your cart is at work; wait for its end."),
    row(Code::PaymentRefused, "payment_refused", StatusCode::CONFLICT,
        "The payment cannot be made so",
        "Your payment could not be made this way; nothing was taken. Try another payment method."),
    row(Code::ReservationExpired, "reservation_expired", StatusCode::CONFLICT,
        "The products were not held long enough",
        "What you ordered could not be held long enough; nothing was taken. Order again."),
    row(Code::CheckoutRefused, "checkout_refused", StatusCode::CONFLICT,
        "The order could not be carried out",
        "Your order could not be carried out; nothing was taken."),
    row(Code::CheckoutTimedOut, "checkout_timed_out", StatusCode::CONFLICT,
        "The order took too long",
        "Your order could not be carried out in time; nothing was taken. Order again."),
    row(Code::OrderNotCancellable, "order_not_cancellable", StatusCode::CONFLICT,
        "Too late to cancel",
        "Only an order that is pending or confirmed can be cancelled."),
    row(Code::ShipmentUnderWay, "shipment_under_way", StatusCode::CONFLICT,
        "The parcel is on its way",
        "The parcel is with the carrier: the order cannot be cancelled any more."),
    row(Code::TransitionNotAllowed, "transition_not_allowed", StatusCode::CONFLICT,
        "The order cannot become that",
        "An order that stands where this one does cannot become that."),
    row(Code::NothingToRefund, "nothing_to_refund", StatusCode::CONFLICT,
        "Nothing to give back",
        "Nothing was paid for this order, or all of it was given back."),
    row(Code::RefundTooLarge, "refund_too_large", StatusCode::CONFLICT,
        "More than is left",
        "This is more than is left of what was paid."),
    row(Code::RefundRefused, "refund_refused", StatusCode::CONFLICT,
        "The provider refused the refund",
        "The payment provider refused to give the money back."),
    row(Code::RefundInProgress, "refund_in_progress", StatusCode::CONFLICT,
        "A refund is at work",
        "Money of this order is being given back; wait for its end."),
    row(Code::TooManyPaymentMethods, "too_many_payment_methods", StatusCode::CONFLICT,
        "No room for another payment method",
        "An account has as many payment methods as it may: delete one first."),
    row(Code::NotificationSent, "notification_sent", StatusCode::CONFLICT,
        "The mail was delivered",
        "This mail was delivered; it is not sent twice."),
    row(Code::NotificationExpired, "notification_expired", StatusCode::CONFLICT,
        "The mail is too old",
        "This mail would be of no use any more."),
    row(Code::RequestInProgress, "request_in_progress", StatusCode::CONFLICT,
        "The first request is still running",
        "A request with this `Idempotency-Key` is still running; repeat it shortly."),
    row(Code::PayloadTooLarge, "payload_too_large", StatusCode::PAYLOAD_TOO_LARGE,
        "The body is too large",
        "A body may have up to 1 MiB."),
    row(Code::UnsupportedMediaType, "unsupported_media_type", StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "The body is of a type not read here",
        "Send the body as `Content-Type: application/json`."),
    row(Code::IdempotencyKeyReused, "idempotency_key_reused", StatusCode::UNPROCESSABLE_ENTITY,
        "The key belongs to another request",
        "This `Idempotency-Key` came with another body before; take a new one."),
    row(Code::RateLimited, "rate_limited", StatusCode::TOO_MANY_REQUESTS,
        "Too many requests",
        "Wait as long as `Retry-After` says and try again."),
    row(Code::TooManyAttempts, "too_many_attempts", StatusCode::TOO_MANY_REQUESTS,
        "Too many attempts",
        "Too many attempts with this e-mail address; wait as long as `Retry-After` says."),
    row(Code::Internal, "internal", StatusCode::INTERNAL_SERVER_ERROR,
        "Something went wrong",
        kit::problem::INTERNAL),
    row(Code::NotImplemented, "not_implemented", StatusCode::NOT_IMPLEMENTED,
        "Not implemented",
        "This shop does not offer this."),
    row(Code::Overloaded, "overloaded", StatusCode::SERVICE_UNAVAILABLE,
        "Too busy",
        "The shop has as many requests under way as it takes; try again shortly."),
    row(Code::Unavailable, "unavailable", StatusCode::SERVICE_UNAVAILABLE,
        "Not available at the moment",
        "A part of the shop cannot be reached at the moment; try again shortly."),
    row(Code::DeadlineExceeded, "deadline_exceeded", StatusCode::GATEWAY_TIMEOUT,
        "It took too long",
        kit::problem::DEADLINE_EXCEEDED),
];

const fn row(
    code: Code,
    word: &'static str,
    status: StatusCode,
    summary: &'static str,
    detail: &'static str,
) -> Row {
    Row { code, word, status, summary, detail }
}

impl Code {
    /// Its row in the table.
    pub(crate) fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// The word in the `code` field.
    pub(crate) fn word(self) -> &'static str {
        self.row().word
    }

    /// The status it always comes with.
    pub(crate) fn status(self) -> StatusCode {
        self.row().status
    }

    /// What is said of each product, where the problem is about products.
    pub(crate) fn of_product(self) -> &'static str {
        match self {
            Self::ProductUnavailable => "is not on sale any more",
            _ => "is not there in this quantity",
        }
    }

    /// The code of a machine reason of a service: the same word, written in capitals there.
    pub(crate) fn of_reason(reason: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.word.eq_ignore_ascii_case(reason)).map(|row| row.code)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Code, TABLE};

    #[test]
    fn each_code_finds_its_own_row() {
        for row in &TABLE {
            assert_eq!(row.code.row().word, row.word);
        }
    }

    #[test]
    fn every_code_has_a_word_of_its_own_in_snake_case() {
        let words: BTreeSet<_> = TABLE.iter().map(|row| row.word).collect();
        assert_eq!(words.len(), TABLE.len());
        for word in words {
            assert!(word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{word}");
        }
    }

    #[test]
    fn every_code_is_an_error_and_says_something() {
        for row in &TABLE {
            assert!(row.status.is_client_error() || row.status.is_server_error());
            assert!(row.detail.ends_with('.') && !row.summary.ends_with('.'), "{}", row.word);
        }
    }

    #[test]
    fn a_reason_of_a_service_is_the_code_in_capitals() {
        assert_eq!(Code::of_reason("SLUG_TAKEN"), Some(Code::SlugTaken));
        assert_eq!(Code::of_reason("MOON_PHASE"), None);
    }
}
