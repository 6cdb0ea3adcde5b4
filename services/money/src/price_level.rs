//! Price level of a currency: what replaces a US cent of a price that the shop ships with, such as
//! the price list of shipping and the demo products.
//!
//! Without it, such a price would be read in minor units of any currency: 600 US cents are a
//! parcel, 600 rupiah are nothing. The levels are rough exchange rates of 2026, rounded to prices
//! that look plausible. They only have to be of the right size; a shop with prices of its own has a
//! setting.

use crate::{Currency, Money};

/// Highest level: minor units of the cheapest currencies, with margin.
const MAX_PERCENT: u32 = 10_000_000;

/// Minor units of a currency that replace 100 US cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriceLevel(u32);

/// Levels of the currencies of most shops.
const LEVELS: [(&str, u32); 44] = [
    ("AED", 370),
    ("ARS", 140_000),
    ("AUD", 150),
    ("BHD", 380),
    ("BRL", 550),
    ("CAD", 140),
    ("CHF", 90),
    ("CLP", 950),
    ("CNY", 700),
    ("COP", 400_000),
    ("CZK", 2_300),
    ("DKK", 700),
    ("EGP", 5_000),
    ("EUR", 100),
    ("GBP", 80),
    ("HKD", 800),
    ("HUF", 36_000),
    ("IDR", 1_600_000),
    ("ILS", 370),
    ("INR", 8_500),
    ("ISK", 140),
    ("JOD", 700),
    ("JPY", 150),
    ("KES", 13_000),
    ("KRW", 1_400),
    ("KWD", 300),
    ("MXN", 1_900),
    ("MYR", 450),
    ("NGN", 150_000),
    ("NOK", 1_000),
    ("NZD", 170),
    ("OMR", 380),
    ("PHP", 5_700),
    ("PLN", 400),
    ("RON", 450),
    ("SAR", 370),
    ("SEK", 1_000),
    ("SGD", 130),
    ("THB", 3_500),
    ("TND", 3_000),
    ("TRY", 4_000),
    ("USD", 100),
    ("VND", 25_000),
    ("ZAR", 1_800),
];

impl PriceLevel {
    /// The highest level.
    pub const MAX: Self = Self(MAX_PERCENT);

    /// Creates a level of 1 to [`Self::MAX`].
    #[must_use]
    pub fn new(percent: u32) -> Option<Self> {
        (1..=MAX_PERCENT).contains(&percent).then_some(Self(percent))
    }

    /// Returns the level of a currency; `None` if it has none.
    #[must_use]
    pub fn of(currency: Currency) -> Option<Self> {
        let level = LEVELS.iter().find(|(code, _)| *code == currency.code());
        level.map(|(_, percent)| Self(*percent))
    }

    /// Returns the minor units that replace 100 US cents, 1 to that of [`Self::MAX`].
    #[must_use]
    pub fn percent(self) -> u32 {
        self.0
    }

    /// Returns the amount in `currency` that replaces hundredths of US cents, rounded down to a
    /// whole minor unit.
    #[must_use]
    pub fn replace(self, us_centicents: u32, currency: Currency) -> Money {
        Money::new(i64::from(us_centicents) * i64::from(self.0) / 10_000, currency)
    }
}

/// The level of US dollars.
impl Default for PriceLevel {
    fn default() -> Self {
        Self(100)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_of_known_currencies_and_in_bounds() {
        assert!(LEVELS.is_sorted_by(|a, b| a.0 < b.0));
        for (code, percent) in LEVELS {
            let currency: Currency = code.parse().unwrap();
            assert_eq!(PriceLevel::of(currency), PriceLevel::new(percent));
            assert!(PriceLevel::new(percent).is_some(), "{code}");
        }
        assert_eq!(PriceLevel::of(Currency::USD), Some(PriceLevel::default()));
        assert_eq!(PriceLevel::of("XPF".parse().unwrap()), None);
        assert_eq!((PriceLevel::new(0), PriceLevel::new(MAX_PERCENT + 1)), (None, None));
    }

    #[test]
    fn replaced_amounts_are_rounded_down() {
        let replace = |code: &str, centicents| {
            let currency = code.parse().unwrap();
            PriceLevel::of(currency).unwrap().replace(centicents, currency).cents()
        };
        assert_eq!(replace("USD", 199_900), 1_999);
        assert_eq!(replace("JPY", 199_900), 2_998);
        assert_eq!(replace("IDR", 2_990_000), 478_400_000);
        let highest = PriceLevel::MAX.replace(u32::MAX, Currency::USD);
        assert_eq!(highest.cents(), 4_294_967_295_000);
    }
}
