//! Failures of a checkout.

use super::ids::ProductId;

/// Stable code of why a checkout failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureCode {
    /// Stock was insufficient.
    OutOfStock,
    /// The payment was declined.
    PaymentDeclined,
    /// The payment was refused: the payment method does not exist, or the authorization has
    /// expired.
    PaymentRefused,
    /// The reservation expired before the stock was committed.
    ReservationExpired,
    /// A step was rejected for an unexpected reason.
    CheckoutRefused,
    /// A step had no definite outcome before its deadline.
    CheckoutTimedOut,
}

impl FailureCode {
    /// All codes.
    pub const ALL: [Self; 6] = [
        Self::OutOfStock,
        Self::PaymentDeclined,
        Self::PaymentRefused,
        Self::ReservationExpired,
        Self::CheckoutRefused,
        Self::CheckoutTimedOut,
    ];

    /// Returns the code as it is stored and returned to clients.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OutOfStock => "out_of_stock",
            Self::PaymentDeclined => "payment_declined",
            Self::PaymentRefused => "payment_refused",
            Self::ReservationExpired => "reservation_expired",
            Self::CheckoutRefused => "checkout_refused",
            Self::CheckoutTimedOut => "checkout_timed_out",
        }
    }

    /// The inverse of [`FailureCode::as_str`].
    #[must_use]
    pub fn from_stored(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == name)
    }

    /// Returns a sentence for the customer.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::OutOfStock => "Some of the items that you ordered are out of stock.",
            Self::PaymentDeclined => "Your payment was declined.",
            Self::PaymentRefused => "Your payment could not be processed.",
            Self::ReservationExpired => {
                "The reservation of your items expired before the payment completed."
            }
            Self::CheckoutRefused => "Your order could not be completed.",
            Self::CheckoutTimedOut => "Your order could not be completed in time.",
        }
    }
}

/// Why a checkout failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Stable code.
    pub code: FailureCode,
    /// The provider's decline code; empty for other failures.
    pub decline_code: String,
    /// The products that were not available; empty for other failures.
    pub products: Vec<ProductId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_failure_codes_round_trip() {
        for code in FailureCode::ALL {
            assert_eq!(FailureCode::from_stored(code.as_str()), Some(code));
            assert!(code.sentence().ends_with('.'));
        }
    }
}
