//! Tracking numbers.
//!
//! They are drawn, not counted, so that nobody can walk through the parcels of others. A carrier's own
//! numbers would come from it; ours have their form.

use std::fmt;

use super::quote::Carrier;

/// The longest text that could be a tracking number.
pub const MAX_CHARS: usize = 40;

/// Random bytes that a number is made from.
pub const SEED_BYTES: usize = 16;

/// Without those that look like others.
const UPS_LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKLMNPQRTUVWXY";

/// The number of a parcel, by which its carrier knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackingNumber(String);

impl TrackingNumber {
    /// A number in the form of a carrier: USPS 9400 and 18 digits, UPS 1Z and 16 letters or digits,
    /// FedEx 12 digits.
    #[must_use]
    pub fn draw(carrier: Carrier, seed: [u8; SEED_BYTES]) -> Self {
        let number = u128::from_be_bytes(seed);
        Self(match carrier {
            Carrier::Usps => format!("9400{:018}", number % 10_u128.pow(18)),
            // The first digit is none that people leave out.
            Carrier::FedEx => {
                let (first, rest) = (1 + number % 9, number / 9 % 10_u128.pow(11));
                format!("{first}{rest:011}")
            }
            Carrier::Ups => {
                let letter = |byte: u8| char::from(UPS_LETTERS[usize::from(byte % 32)]);
                format!("1Z{}", seed.map(letter).iter().collect::<String>())
            }
        })
    }

    /// A number that somebody names. Blanks around it do not count.
    #[must_use]
    pub fn named(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = (1..=MAX_CHARS).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        fits.then(|| Self(text.to_ascii_uppercase()))
    }

    /// As it is stored and printed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What was stored.
    #[must_use]
    pub fn stored(text: String) -> Self {
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
        fn numbers_have_the_form_of_their_carrier(seed: [u8; SEED_BYTES]) {
            let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
            let usps = TrackingNumber::draw(Carrier::Usps, seed).to_string();
            prop_assert!(usps.starts_with("9400") && usps.len() == 22 && digits(&usps), "{}", usps);
            let fedex = TrackingNumber::draw(Carrier::FedEx, seed).to_string();
            prop_assert!(!fedex.starts_with('0') && fedex.len() == 12 && digits(&fedex), "{}", fedex);
            let ups = TrackingNumber::draw(Carrier::Ups, seed).to_string();
            prop_assert!(ups.starts_with("1Z") && ups.len() == 18, "{}", ups);
            for number in [usps, fedex, ups] {
                let named = TrackingNumber::named(&number.to_lowercase());
                prop_assert_eq!(named.map(|named| named.to_string()), Some(number));
            }
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        let long = "1".repeat(MAX_CHARS + 1);
        for text in ["", " ", "1Z 9", "9400-1", "ä", "'; --", long.as_str()] {
            assert_eq!(TrackingNumber::named(text), None, "{text:?}");
        }
    }
}
