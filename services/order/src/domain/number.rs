//! Order numbers: what customers read, type and dictate instead of an id.

use std::fmt::{self, Display, Formatter, Write as _};
use std::str::FromStr;

/// The digits of Crockford's base32: no I, L and O, which look like 1 and 0, and no U.
const DIGITS: [char; 32] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J',
    'K', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Y', 'Z',
];

/// Number of digits: with a million orders, one in a billion random numbers is taken.
const LENGTH: usize = 10;

/// Number of an order, unique and random: it reveals neither how many orders there are nor when
/// this one was placed. It is displayed with hyphens, as `K7Q2-M9XD-4T`, and stored without.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OrderNumber([char; LENGTH]);

/// The text is not an order number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not an order number, as in K7Q2-M9XD-4T")]
pub struct InvalidOrderNumber;

impl OrderNumber {
    /// Returns the number of random bytes, each of which selects a digit. All digits have the same
    /// probability, because 256 is a multiple of 32.
    #[must_use]
    pub fn from_random(bytes: [u8; LENGTH]) -> Self {
        Self(bytes.map(|byte| DIGITS[usize::from(byte) % DIGITS.len()]))
    }

    /// Returns the digits without hyphens, as they are stored.
    #[must_use]
    pub fn digits(&self) -> String {
        self.0.iter().collect()
    }
}

/// Formats the number with hyphens after the fourth and the eighth digit.
impl Display for OrderNumber {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (n, digit) in self.0.into_iter().enumerate() {
            if n == 4 || n == 8 {
                f.write_char('-')?;
            }
            f.write_char(digit)?;
        }
        Ok(())
    }
}

/// Parses a number as customers type it: in any case, with hyphens and spaces anywhere, and with
/// the letters that look like a digit.
impl FromStr for OrderNumber {
    type Err = InvalidOrderNumber;

    fn from_str(text: &str) -> Result<Self, InvalidOrderNumber> {
        let significant = text.chars().filter(|c| !matches!(c, '-' | ' '));
        // One digit more than a number has is enough to reject a long text.
        let digits: Option<Vec<char>> = significant.take(LENGTH + 1).map(parse_digit).collect();
        let digits = digits.and_then(|digits| digits.try_into().ok());
        digits.map(Self).ok_or(InvalidOrderNumber)
    }
}

fn parse_digit(c: char) -> Option<char> {
    let digit = match c.to_ascii_uppercase() {
        'I' | 'L' => '1',
        'O' => '0',
        other => other,
    };
    DIGITS.contains(&digit).then_some(digit)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use kit::Env;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn number_is_read_as_customers_type_it() {
        let number: OrderNumber = "K7Q2-M9XD-4T".parse().unwrap();
        for text in
            ["K7Q2M9XD4T", "k7q2-m9xd-4t", " K7 Q2 M9 XD 4T ", "K7Q2 - M9XD - 4T", "-K7q2m9xd4t"]
        {
            assert_eq!(text.parse(), Ok(number), "{text}");
        }
        assert_eq!("iLoI-1001-0O".parse::<OrderNumber>().unwrap().to_string(), "1101-1001-00");
    }

    #[test]
    fn other_texts_are_rejected() {
        for text in [
            "",
            "-",
            "K7Q2-M9XD-4",
            "K7Q2-M9XD-4TT",
            "K7Q2-M9XD-4U",
            "K7Q2_M9XD_4T",
            "K7Q2-M9XD-4T\n",
            "K7Q2-M9XD-4Ⓣ",
            // The dotless and the dotted I of Turkish, and a digit that is not ASCII.
            "K7Q2-M9XD-4ı",
            "K7Q2-M9XD-4İ",
            "K7Q2-M9XD-4٣",
        ] {
            assert_eq!(text.parse::<OrderNumber>(), Err(InvalidOrderNumber), "{text:?}");
        }
    }

    #[test]
    fn every_digit_is_selected_equally_often() {
        let bytes: Vec<u8> = (0..=255).chain(0..=3).collect();
        let numbers = bytes
            .chunks_exact(LENGTH)
            .map(|bytes| OrderNumber::from_random(bytes.try_into().unwrap()).digits());
        let mut digits: Vec<char> = numbers.collect::<String>().chars().take(256).collect();
        digits.sort_unstable();
        let expected: Vec<char> = DIGITS.iter().flat_map(|digit| [*digit; 8]).collect();
        assert_eq!(digits, expected);
    }

    #[test]
    fn number_of_a_fixed_environment_is_reproducible() {
        let generate = |seed| {
            let env = Env::fixed(Timestamp::UNIX_EPOCH, seed);
            OrderNumber::from_random(env.bytes())
        };
        assert_eq!(generate(1), generate(1));
        assert_ne!(generate(1), generate(2));
    }

    proptest! {
        #[test]
        fn displayed_and_stored_numbers_are_parsed_back(bytes: [u8; LENGTH]) {
            let number = OrderNumber::from_random(bytes);
            prop_assert_eq!(number.to_string().parse(), Ok(number));
            prop_assert_eq!(number.digits().parse(), Ok(number));
            prop_assert_eq!(number.to_string().replace('-', ""), number.digits());
        }
    }
}
