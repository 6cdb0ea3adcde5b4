//! Whole numbers with group separators.

use crate::locale::Locale;

/// Writes a number in groups of three digits.
pub(super) fn grouped(locale: Locale, number: u64) -> String {
    let digits = number.to_string();
    let separator = group_separator(locale);
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

fn group_separator(locale: Locale) -> char {
    match locale {
        Locale::EnUs | Locale::EnGb => ',',
        Locale::DeDe => '.',
    }
}

/// The character between whole units and minor units.
pub(super) fn decimal_separator(locale: Locale) -> char {
    match locale {
        Locale::EnUs | Locale::EnGb => '.',
        Locale::DeDe => ',',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_by_three() {
        for (number, english, german) in [
            (0, "0", "0"),
            (999, "999", "999"),
            (1_000, "1,000", "1.000"),
            (1_234_567, "1,234,567", "1.234.567"),
        ] {
            assert_eq!(grouped(Locale::EnUs, number), english);
            assert_eq!(grouped(Locale::DeDe, number), german);
        }
    }
}
