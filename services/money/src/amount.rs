//! Amounts of money.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Currency, Error, allocation};

/// Basis points in a whole: 10,000 of them are 100 %.
const BASIS_POINTS: i128 = 10_000;

/// An amount of money in minor units of its currency. May be negative.
///
/// Written as `{"amount_cents": 1999, "currency": "USD"}`. There is no order between amounts, as
/// two currencies have none.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
pub struct Money {
    #[serde(rename = "amount_cents")]
    cents: i64,
    currency: Currency,
}

impl Money {
    /// An amount of `cents` minor units.
    #[must_use]
    pub const fn new(cents: i64, currency: Currency) -> Self {
        Self { cents, currency }
    }

    /// Nothing, in a currency.
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

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(&self) -> bool {
        self.cents == 0
    }

    /// Whether it is less than nothing.
    #[must_use]
    pub const fn is_negative(&self) -> bool {
        self.cents < 0
    }

    /// Both amounts together.
    ///
    /// # Errors
    /// The currencies differ, or the sum overflows.
    pub fn plus(self, other: Self) -> Result<Self, Error> {
        self.with(other, i64::checked_add)
    }

    /// This amount less the other; below zero when that is more.
    ///
    /// # Errors
    /// The currencies differ, or the difference overflows.
    pub fn minus(self, other: Self) -> Result<Self, Error> {
        self.with(other, i64::checked_sub)
    }

    /// The price of `quantity` units at this price.
    ///
    /// # Errors
    /// The product overflows.
    pub fn times(self, quantity: i64) -> Result<Self, Error> {
        let cents = self.cents.checked_mul(quantity).ok_or(Error::Overflow)?;
        Ok(Self { cents, ..self })
    }

    /// The sum of amounts, zero of `currency` when there are none.
    ///
    /// # Errors
    /// An amount is of another currency, or the sum overflows.
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Self>) -> Result<Self, Error> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::plus)
    }

    /// Tax on this amount at a rate in basis points (825 is 8.25 %), rounded to a whole minor unit,
    /// half away from zero, so that a refunded amount has the refunded tax.
    ///
    /// # Errors
    /// The tax overflows.
    pub fn tax(self, basis_points: u32) -> Result<Self, Error> {
        let exact = i128::from(self.cents) * i128::from(basis_points);
        let half = BASIS_POINTS / 2 * exact.signum();
        let cents = i64::try_from((exact + half) / BASIS_POINTS).map_err(|_| Error::Overflow)?;
        Ok(Self { cents, ..self })
    }

    /// Shares this amount by weights, by largest remainder: each share is within one minor unit of
    /// the exact one, the shares sum to the amount, and of equal remainders the first is rounded up.
    /// A weight of zero gets nothing.
    ///
    /// # Errors
    /// There is no weight above zero.
    pub fn allocate(self, weights: &[u64]) -> Result<Vec<Self>, Error> {
        let shares = allocation::largest_remainder(self.cents, weights).ok_or(Error::NoWeights)?;
        Ok(shares.into_iter().map(|cents| Self { cents, ..self }).collect())
    }

    fn with(self, other: Self, op: impl Fn(i64, i64) -> Option<i64>) -> Result<Self, Error> {
        if self.currency != other.currency {
            return Err(Error::CurrencyMismatch { left: self.currency, right: other.currency });
        }
        let cents = op(self.cents, other.cents).ok_or(Error::Overflow)?;
        Ok(Self { cents, ..self })
    }
}

/// The decimal amount and the code, such as `-1234.50 USD` or `1234 JPY`. Shops and mails that know
/// their reader's language format by themselves.
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
