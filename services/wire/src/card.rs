//! Payment cards as customers enter them. The number and the CVV exist only here, until the
//! provider has tokenized the card; `Debug` shows neither.

use jiff::civil::Date;
use secrecy::{ExposeSecret as _, SecretString};

/// Maximum number of years until a card expires; no card is issued for longer.
const MAX_YEARS_AHEAD: i32 = 20;

/// Card network.
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

/// Inclusive ranges of the first four digits, by network. No two ranges overlap.
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
    /// Returns the stable name that is stored and returned to callers.
    #[must_use]
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
    #[must_use]
    pub fn from_stored(stored: &str) -> Option<Self> {
        use Brand::{Amex, Diners, Discover, Jcb, Mastercard, UnionPay, Visa};
        [Visa, Mastercard, Amex, Discover, Diners, Jcb, UnionPay]
            .into_iter()
            .find(|brand| brand.as_str() == stored)
    }

    fn from_digits(digits: &str) -> Option<Self> {
        let head: u32 = digits.get(..4)?.parse().ok()?;
        let range = RANGES.iter().find(|(from, to, _)| (*from..=*to).contains(&head));
        range.map(|(_, _, brand)| *brand)
    }

    fn allows_length(self, digits: usize) -> bool {
        match self {
            Self::Visa => matches!(digits, 13 | 16 | 19),
            Self::Mastercard => digits == 16,
            Self::Amex => digits == 15,
            Self::Diners => (14..=19).contains(&digits),
            Self::Discover | Self::Jcb | Self::UnionPay => (16..=19).contains(&digits),
        }
    }

    /// Returns the number of digits of the CVV.
    fn cvv_digits(self) -> usize {
        match self {
            Self::Amex => 4,
            _ => 3,
        }
    }
}

/// Reason why a card number is invalid. The texts never contain the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NumberError {
    /// The number is empty.
    #[error("is required")]
    Missing,
    /// The number contains other characters than digits, spaces and hyphens.
    #[error("must contain only digits")]
    NotDigits,
    /// No known network has this prefix.
    #[error("is of an unsupported card brand")]
    UnknownBrand,
    /// The network has no numbers of this length.
    #[error("has too few or too many digits for its brand")]
    Length,
    /// The check digit does not match.
    #[error("is not a valid card number: check the digits")]
    Checksum,
}

/// Card number with a known network, a valid length and a valid check digit.
#[derive(Clone, Debug)]
pub struct Number {
    digits: SecretString,
    brand: Brand,
}

impl Number {
    /// Parses a number as it is printed; spaces and hyphens are ignored.
    ///
    /// # Errors
    /// Fails when the text is not a card number.
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        if digits.is_empty() {
            return Err(NumberError::Missing);
        }
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NumberError::NotDigits);
        }
        let brand = Brand::from_digits(&digits).ok_or(NumberError::UnknownBrand)?;
        if !brand.allows_length(digits.len()) {
            return Err(NumberError::Length);
        }
        if !luhn(&digits) {
            return Err(NumberError::Checksum);
        }
        Ok(Self { digits: digits.into(), brand })
    }

    /// Returns the card network.
    #[must_use]
    pub fn brand(&self) -> Brand {
        self.brand
    }

    /// Returns all digits. Only the provider needs them.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.digits.expose_secret()
    }

    /// Returns the last four digits, which identify the card to the customer.
    #[must_use]
    pub fn last_four(&self) -> &str {
        let digits = self.expose();
        digits.get(digits.len().saturating_sub(4)..).unwrap_or_default()
    }
}

/// Checks the last digit by the Luhn algorithm (ISO/IEC 7812-1, annex B).
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

/// Last month in which a card is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// Month, 1 to 12.
    pub month: i32,
    /// Year, with four digits.
    pub year: i32,
}

/// Reason why an expiry is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpiryError {
    /// The month is not 1 to 12.
    #[error("must be 1 to 12")]
    Month,
    /// The year is in the past, or more than 20 years in the future.
    #[error("must be a four-digit year, at most {MAX_YEARS_AHEAD} years ahead")]
    Year,
    /// The month is in the past.
    #[error("is in the past: the card has expired")]
    Past,
}

impl Expiry {
    /// Validates an expiry: a card is valid until the end of its month.
    ///
    /// # Errors
    /// Fails with all invalid fields.
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

/// Card verification value.
#[derive(Clone, Debug)]
pub struct Cvv(SecretString);

impl Cvv {
    /// Parses a CVV of the length that `brand` uses; if the brand is unknown, of either length.
    #[must_use]
    pub fn parse(text: &str, brand: Option<Brand>) -> Option<Self> {
        let lengths = brand.map_or(3..=4, |brand| brand.cvv_digits()..=brand.cvv_digits());
        let fits = lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| Self(text.into()))
    }

    /// Returns the digits. Only the provider needs them.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

/// Card with a valid number that has not expired.
#[derive(Clone, Debug)]
pub struct Card {
    /// Card number.
    pub number: Number,
    /// Last month in which the card is valid.
    pub expiry: Expiry,
    /// Card verification value.
    pub cvv: Cvv,
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn card_number_has_brand_of_its_range() {
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
    fn invalid_card_number_reports_reason() {
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
    fn card_is_valid_to_end_of_expiry_month() {
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
    fn cvv_length_depends_on_brand() {
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
    fn card_debug_hides_number_and_cvv() {
        let number = Number::parse("4242424242424242").unwrap();
        let cvv = Cvv::parse("987", Some(Brand::Visa)).unwrap();
        let card = Card { number, expiry: Expiry { month: 1, year: 2030 }, cvv };
        let shown = format!("{card:?}");
        assert!(!shown.contains("4242") && !shown.contains("987"), "{shown}");
    }
}
