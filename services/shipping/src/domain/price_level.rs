//! Price level of a currency: what replaces a cent of the price list, which is in US cents.
//!
//! Without it, the price list would be read in minor units of any currency: 600 US cents are a
//! parcel, 600 rupiah are nothing. The levels are rough exchange rates of 2026, rounded to prices
//! that look plausible. They only have to be of the right size; a shop with prices of its own has a
//! setting.

use money::Currency;

/// Highest level: minor units of the cheapest currencies, with margin.
pub const MAX_PERCENT: u32 = 10_000_000;

/// Minor units of a currency that replace 100 US cents of the price list.
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
    /// Creates a level of 1 to [`MAX_PERCENT`].
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

    /// Returns the minor units that replace 100 US cents, 1 to [`MAX_PERCENT`].
    #[must_use]
    pub fn percent(self) -> u32 {
        self.0
    }
}

/// The level of the price list itself.
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
}
