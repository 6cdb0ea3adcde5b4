//! Errors of operations on money.

use crate::Currency;

/// Why an operation on money failed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// The text is not the ISO 4217 code of a currency in use.
    #[error("\"{0}\" is not a known currency code such as USD")]
    UnknownCurrency(String),
    /// The amounts have different currencies.
    #[error("{left} and {right} are different currencies")]
    CurrencyMismatch {
        /// The currency of the left amount.
        left: Currency,
        /// The currency of the right amount.
        right: Currency,
    },
    /// The result does not fit in 64 bits.
    #[error("the amount is too large")]
    Overflow,
    /// No weight is above zero.
    #[error("an amount cannot be allocated without a weight above zero")]
    NoWeights,
}
