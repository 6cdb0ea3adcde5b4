//! Cards as people type them in. The number and the check digits live here until the provider has
//! them, and nowhere else: `Debug` shows neither.

use jiff::civil::Date;
use secrecy::{ExposeSecret as _, SecretString};

/// How many years ahead a card may expire; none is issued for longer.
const MAX_YEARS_AHEAD: i32 = 20;

/// Who issued a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brand {
    /// Visa.
    Visa,
    /// Mastercard.
    Mastercard,
    /// American Express.
    Amex,
    /// Discover.
    Discover,
    /// Diners Club.
    Diners,
    /// JCB.
    Jcb,
    /// UnionPay.
    UnionPay,
}

/// Issuer ranges by the first four digits, from and to, no two of which overlap.
const RANGES: [(u32, u32, Brand); 14] = [
    (6011, 6011, Brand::Discover),
    (6440, 6599, Brand::Discover),
    (6200, 6299, Brand::UnionPay),
    (3528, 3589, Brand::Jcb),
    (3000, 3059, Brand::Diners),
    (3095, 3095, Brand::Diners),
    (3600, 3699, Brand::Diners),
    (3800, 3999, Brand::Diners),
    (3400, 3499, Brand::Amex),
    (3700, 3799, Brand::Amex),
    (2221, 2720, Brand::Mastercard),
    (5100, 5599, Brand::Mastercard),
    (8100, 8171, Brand::UnionPay),
    (4000, 4999, Brand::Visa),
];

impl Brand {
    /// As stored and answered.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Visa => "visa",
            Self::Mastercard => "mastercard",
            Self::Amex => "amex",
            Self::Discover => "discover",
            Self::Diners => "diners",
            Self::Jcb => "jcb",
            Self::UnionPay => "unionpay",
        }
    }

    /// The inverse of [`Brand::as_str`].
    pub fn from_stored(word: &str) -> Option<Self> {
        use Brand::{Amex, Diners, Discover, Jcb, Mastercard, UnionPay, Visa};
        [Visa, Mastercard, Amex, Discover, Diners, Jcb, UnionPay]
            .into_iter()
            .find(|brand| brand.as_str() == word)
    }

    fn of(digits: &str) -> Option<Self> {
        let head: u32 = digits.get(..4)?.parse().ok()?;
        let range = RANGES.iter().find(|(from, to, _)| (*from..=*to).contains(&head));
        range.map(|(_, _, brand)| *brand)
    }

    fn has_length(self, digits: usize) -> bool {
        match self {
            Self::Visa => matches!(digits, 13 | 16 | 19),
            Self::Mastercard => digits == 16,
            Self::Amex => digits == 15,
            Self::Diners => (14..=19).contains(&digits),
            Self::Discover | Self::Jcb | Self::UnionPay => (16..=19).contains(&digits),
        }
    }

    /// Length of the check digits that are printed on the card.
    fn cvv_digits(self) -> usize {
        match self {
            Self::Amex => 4,
            _ => 3,
        }
    }
}

/// What is wrong with a number: sentences for people that do not repeat it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// There is none.
    #[error("is required")]
    Missing,
    /// Something else than digits, and blanks or hyphens between them.
    #[error("must be digits")]
    NotDigits,
    /// No issuer that is known.
    #[error("is of no brand that is taken here")]
    UnknownBrand,
    /// Too long or too short for its brand.
    #[error("has too few or too many digits for its brand")]
    Length,
    /// The last digit does not fit the others.
    #[error("is no card number: a digit is wrong")]
    Checksum,
}

/// The number of a card that may exist.
#[derive(Clone, Debug)]
pub struct Number {
    digits: SecretString,
    brand: Brand,
}

impl Number {
    /// Reads a number as it is printed: blanks and hyphens between digits are left out.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        if digits.is_empty() {
            return Err(NumberError::Missing);
        }
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NumberError::NotDigits);
        }
        let brand = Brand::of(&digits).ok_or(NumberError::UnknownBrand)?;
        if !brand.has_length(digits.len()) {
            return Err(NumberError::Length);
        }
        if !luhn(&digits) {
            return Err(NumberError::Checksum);
        }
        Ok(Self { digits: digits.into(), brand })
    }

    /// Its brand.
    pub fn brand(&self) -> Brand {
        self.brand
    }

    /// All digits: for the provider.
    pub fn expose(&self) -> &str {
        self.digits.expose_secret()
    }

    /// The digits that people know it by.
    pub fn last_four(&self) -> &str {
        let digits = self.expose();
        digits.get(digits.len().saturating_sub(4)..).unwrap_or_default()
    }
}

/// Whether the last digit is the one that the others ask for (ISO/IEC 7812-1, annex B).
fn luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .map(|byte| u32::from(byte - b'0'))
        .enumerate()
        .map(|(place, digit)| match (place % 2, digit * 2) {
            (0, _) => digit,
            (_, twice @ 10..) => twice - 9,
            (_, twice) => twice,
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The last month in which a card can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// 1 to 12.
    pub month: i32,
    /// Four digits.
    pub year: i32,
}

/// What is wrong with an expiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpiryError {
    /// No month.
    #[error("must be 1 to 12")]
    Month,
    /// The year is over, or so far off that it is a mistake.
    #[error("must be a year of four digits, this one or one of the next {MAX_YEARS_AHEAD}")]
    Year,
    /// The month is over.
    #[error("is in the past: the card has expired")]
    Past,
}

impl Expiry {
    /// An expiry that is not over on `today`: a card can be used to the end of its month.
    pub fn new(month: i32, year: i32, today: Date) -> Result<Self, Vec<ExpiryError>> {
        let (this_month, this_year) = (i32::from(today.month()), i32::from(today.year()));
        let mut errors = Vec::new();
        if !(1..=12).contains(&month) {
            errors.push(ExpiryError::Month);
        } else if year == this_year && month < this_month {
            errors.push(ExpiryError::Past);
        }
        if !(this_year..=this_year + MAX_YEARS_AHEAD).contains(&year) {
            errors.push(ExpiryError::Year);
        }
        if errors.is_empty() { Ok(Self { month, year }) } else { Err(errors) }
    }
}

/// The check digits.
#[derive(Clone, Debug)]
pub struct Cvv(SecretString);

impl Cvv {
    /// Check digits of the length that `brand` prints; without a known brand, of either length.
    pub fn parse(text: &str, brand: Option<Brand>) -> Option<Self> {
        let lengths = brand.map_or(3..=4, |brand| brand.cvv_digits()..=brand.cvv_digits());
        let fits = lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| Self(text.into()))
    }

    /// The digits: for the provider.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// A card that may exist and has not expired.
#[derive(Clone, Debug)]
pub struct Card {
    /// Its number.
    pub number: Number,
    /// When it ends.
    pub expiry: Expiry,
    /// Its check digits.
    pub cvv: Cvv,
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn numbers_have_the_brand_and_length_of_their_issuer() {
        for (text, brand) in [
            ("4242424242424242", "visa"),
            ("4242 4242-4242 4242", "visa"),
            ("4000000000000002", "visa"),
            ("4000000000009995", "visa"),
            ("4222222222222", "visa"),
            ("5555555555554444", "mastercard"),
            ("2223003122003222", "mastercard"),
            ("378282246310005", "amex"),
            ("6011111111111117", "discover"),
            ("30569309025904", "diners"),
            ("38520000023237", "diners"),
            ("3530111333300000", "jcb"),
            ("6200000000000005", "unionpay"),
        ] {
            let number = Number::parse(text).unwrap_or_else(|error| panic!("{text} {error}"));
            assert_eq!(number.brand().as_str(), brand, "{text}");
            assert_eq!(Brand::from_stored(brand), Some(number.brand()));
            assert!(text.ends_with(number.last_four()));
        }
    }

    #[test]
    fn what_is_no_number_is_told_why() {
        for (text, error) in [
            ("", NumberError::Missing),
            (" - ", NumberError::Missing),
            ("4242x24242424242", NumberError::NotDigits),
            ("٤٢٤٢", NumberError::NotDigits),
            ("9999999999999999", NumberError::UnknownBrand),
            ("42", NumberError::UnknownBrand),
            ("424242424242424", NumberError::Length),
            ("55555555555544440", NumberError::Length),
            ("4242424242424241", NumberError::Checksum),
            ("4224242424242424", NumberError::Checksum),
        ] {
            assert_eq!(Number::parse(text).map(|_| ()), Err(error), "{text}");
        }
    }

    #[test]
    fn a_card_can_be_used_to_the_end_of_its_month() {
        let today = date(2026, 3, 31);
        assert_eq!(Expiry::new(3, 2026, today), Ok(Expiry { month: 3, year: 2026 }));
        assert!(Expiry::new(1, 2046, today).is_ok());
        for (month, year, errors) in [
            (2, 2026, vec![ExpiryError::Past]),
            (12, 2025, vec![ExpiryError::Year]),
            (1, 2047, vec![ExpiryError::Year]),
            (1, 27, vec![ExpiryError::Year]),
            (13, 2026, vec![ExpiryError::Month]),
            (0, 0, vec![ExpiryError::Month, ExpiryError::Year]),
        ] {
            assert_eq!(Expiry::new(month, year, today), Err(errors), "{month} {year}");
        }
    }

    #[test]
    fn check_digits_have_the_length_of_the_brand() {
        for (text, brand, fits) in [
            ("123", Some(Brand::Visa), true),
            ("1234", Some(Brand::Visa), false),
            ("123", Some(Brand::Amex), false),
            ("1234", Some(Brand::Amex), true),
            ("1234", None, true),
            ("12", None, false),
            ("12a", Some(Brand::Visa), false),
        ] {
            assert_eq!(Cvv::parse(text, brand).is_some(), fits, "{text} {brand:?}");
        }
    }

    #[test]
    fn a_card_does_not_show_itself() {
        let number = Number::parse("4242424242424242").unwrap();
        let cvv = Cvv::parse("987", Some(Brand::Visa)).unwrap();
        let card = Card { number, expiry: Expiry { month: 1, year: 2030 }, cvv };
        let shown = format!("{card:?}");
        assert!(!shown.contains("4242") && !shown.contains("987"), "{shown}");
    }
}
