//! Tracking numbers.
//!
//! Tracking numbers are random and not sequential, so that clients cannot enumerate the parcels of
//! other customers. Real carriers assign their own numbers; the generated ones have the same
//! format.

use std::fmt;

use super::quote::Carrier;

/// Longest text that is accepted as a tracking number.
pub const MAX_CHARS: usize = 40;

/// Number of random bytes from which a tracking number is generated.
pub const SEED_BYTES: usize = 16;

/// Alphabet without letters that look like digits.
const UPS_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKLMNPQRTUVWXY";

/// Number by which a carrier identifies a parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackingNumber(String);

impl TrackingNumber {
    /// Generates a number in the format of a carrier: USPS 9400 and 18 digits, UPS 1Z and 16
    /// letters or digits, FedEx 12 digits.
    #[must_use]
    pub fn generate(carrier: Carrier, seed: [u8; SEED_BYTES]) -> Self {
        let number = u128::from_be_bytes(seed);
        Self(match carrier {
            Carrier::Usps => format!("9400{:018}", number % 10_u128.pow(18)),
            // The first digit is not zero, because leading zeros are often omitted.
            Carrier::FedEx => {
                let (first, rest) = (1 + number % 9, number / 9 % 10_u128.pow(11));
                format!("{first}{rest:011}")
            }
            Carrier::Ups => {
                let letter = |byte: u8| char::from(UPS_ALPHABET[usize::from(byte % 32)]);
                format!("1Z{}", seed.map(letter).iter().collect::<String>())
            }
        })
    }

    /// Parses a number that a client sends. Surrounding whitespace is ignored.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = (1..=MAX_CHARS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then(|| Self(text.to_ascii_uppercase()))
    }

    /// Returns the text that is stored and printed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Creates a number from its stored text.
    #[must_use]
    pub fn from_stored(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for TrackingNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn generated_numbers_have_format_of_carrier(seed: [u8; SEED_BYTES]) {
            let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            let usps = TrackingNumber::generate(Carrier::Usps, seed).to_string();
            prop_assert!(usps.starts_with("9400") && usps.len() == 22 && digits(&usps), "{}", usps);
            let fedex = TrackingNumber::generate(Carrier::FedEx, seed).to_string();
            prop_assert!(!fedex.starts_with('0') && fedex.len() == 12, "{}", fedex);
            prop_assert!(digits(&fedex), "{}", fedex);
            let ups = TrackingNumber::generate(Carrier::Ups, seed).to_string();
            prop_assert!(ups.starts_with("1Z") && ups.len() == 18, "{}", ups);
            for number in [usps, fedex, ups] {
                let parsed = TrackingNumber::parse(&number.to_lowercase());
                prop_assert_eq!(parsed.map(|parsed| parsed.to_string()), Some(number));
            }
        }
    }

    #[test]
    fn invalid_tracking_number_is_none() {
        let long = "1".repeat(MAX_CHARS + 1);
        for text in ["", " ", "1Z 9", "9400-1", "ä", "'; --", long.as_str()] {
            assert_eq!(TrackingNumber::parse(text), None, "{text:?}");
        }
    }
}
