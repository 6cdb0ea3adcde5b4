//! What can go wrong with money.

use crate::Currency;

/// An operation on money that has no right answer.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Error {
    /// The text is no ISO 4217 code of a currency in use.
    #[error("\"{0}\" is not a known currency code such as USD")]
    UnknownCurrency(String),
    /// Amounts of two currencies cannot be added or compared.
    #[error("{left} and {right} are different currencies")]
    CurrencyMismatch {
        /// The currency of the left amount.
        left: Currency,
        /// The currency of the right amount.
        right: Currency,
    },
    /// The result does not fit 64 bits.
    #[error("the amount is too large")]
    Overflow,
    /// Weights are needed, at least one above zero.
    #[error("an amount cannot be shared among no weights")]
    NoWeights,
}
