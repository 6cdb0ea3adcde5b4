//! Amounts of money.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Currency, Error, allocation};

/// The basis points of 100 %.
const BASIS_POINTS: i128 = 10_000;

/// An amount of money in minor units of its currency. May be negative.
///
/// Serialized as `{"amount_cents": 1999, "currency": "USD"}`. Amounts are not ordered, because
/// amounts of different currencies cannot be compared.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Money {
    #[serde(rename = "amount_cents")]
    cents: i64,
    currency: Currency,
}

impl Money {
    /// Creates an amount of `cents` minor units.
    #[must_use]
    pub const fn new(cents: i64, currency: Currency) -> Self {
        Self { cents, currency }
    }

    /// Zero in a currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// The amount in minor units.
    #[must_use]
    pub const fn cents(&self) -> i64 {
        self.cents
    }

    /// The currency.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// Whether the amount is zero.
    #[must_use]
    pub const fn is_zero(&self) -> bool {
        self.cents == 0
    }

    /// Whether the amount is below zero.
    #[must_use]
    pub const fn is_negative(&self) -> bool {
        self.cents < 0
    }

    /// Adds an amount.
    ///
    /// # Errors
    /// The currencies differ, or the sum overflows.
    pub fn plus(self, other: Self) -> Result<Self, Error> {
        self.combine(other, i64::checked_add)
    }

    /// Subtracts an amount. The difference may be negative.
    ///
    /// # Errors
    /// The currencies differ, or the difference overflows.
    pub fn minus(self, other: Self) -> Result<Self, Error> {
        self.combine(other, i64::checked_sub)
    }

    /// Multiplies the amount, such as a unit price, by a quantity.
    ///
    /// # Errors
    /// The product overflows.
    pub fn times(self, quantity: i64) -> Result<Self, Error> {
        let cents = self.cents.checked_mul(quantity).ok_or(Error::Overflow)?;
        Ok(Self { cents, ..self })
    }

    /// Sums amounts; zero in `currency` when there are none.
    ///
    /// # Errors
    /// An amount has another currency, or the sum overflows.
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Self>) -> Result<Self, Error> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::plus)
    }

    /// Calculates the tax on the amount at a rate in basis points (825 is 8.25 %), rounded to a
    /// whole minor unit, half away from zero. The tax on a negative (refunded) amount is therefore
    /// the negative tax.
    ///
    /// # Errors
    /// The tax overflows.
    pub fn tax(self, basis_points: u32) -> Result<Self, Error> {
        let exact = i128::from(self.cents) * i128::from(basis_points);
        let half = BASIS_POINTS / 2 * exact.signum();
        let cents = i64::try_from((exact + half) / BASIS_POINTS).map_err(|_| Error::Overflow)?;
        Ok(Self { cents, ..self })
    }

    /// Allocates the amount in proportion to weights, by the largest remainder method: each share
    /// is within one minor unit of the exact one, the shares sum to the amount, and of equal
    /// remainders the first is rounded up. A weight of zero gets zero.
    ///
    /// # Errors
    /// No weight is above zero.
    pub fn allocate(self, weights: &[u64]) -> Result<Vec<Self>, Error> {
        let shares = allocation::largest_remainder(self.cents, weights).ok_or(Error::NoWeights)?;
        Ok(shares.into_iter().map(|cents| Self { cents, ..self }).collect())
    }

    fn combine(self, other: Self, op: impl Fn(i64, i64) -> Option<i64>) -> Result<Self, Error> {
        if self.currency != other.currency {
            return Err(Error::CurrencyMismatch { left: self.currency, right: other.currency });
        }
        let cents = op(self.cents, other.cents).ok_or(Error::Overflow)?;
        Ok(Self { cents, ..self })
    }
}

/// Formats the decimal amount and the code, such as `-1234.50 USD` or `1234 JPY`. The caller
/// localizes the format.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.cents < 0 { "-" } else { "" };
        let cents = self.cents.unsigned_abs();
        let digits = usize::from(self.currency.minor_digits());
        if digits == 0 {
            return write!(f, "{sign}{cents} {}", self.currency);
        }
        let unit = 10_u64.pow(u32::from(self.currency.minor_digits()));
        let (whole, rest) = (cents / unit, cents % unit);
        write!(f, "{sign}{whole}.{rest:0digits$} {}", self.currency)
    }
}
