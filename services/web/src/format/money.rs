//! Amounts of money, as CLDR writes them.

use money::{Currency, Money};

use super::number::{decimal_separator, grouped};
use crate::locale::Locale;

/// No line break between amount and currency.
const NO_BREAK_SPACE: char = '\u{a0}';

/// Writes an amount: `$1,234.50`, `CHF 12.00`, `1.234,50 €`.
pub(super) fn format(locale: Locale, amount: Money) -> String {
    let number = decimal(locale, amount);
    let sign = if amount.is_negative() { "-" } else { "" };
    let symbol = symbol(locale, amount.currency());
    match locale {
        Locale::DeDe => format!("{sign}{number}{NO_BREAK_SPACE}{symbol}"),
        // A symbol that ends in a letter, such as a code, is separated from the digits.
        Locale::EnUs | Locale::EnGb if symbol.ends_with(char::is_alphabetic) => {
            format!("{sign}{symbol}{NO_BREAK_SPACE}{number}")
        }
        Locale::EnUs | Locale::EnGb => format!("{sign}{symbol}{number}"),
    }
}

/// Writes the absolute amount without its currency.
fn decimal(locale: Locale, amount: Money) -> String {
    let digits = u32::from(amount.currency().minor_digits());
    let units = 10_u64.pow(digits);
    let cents = amount.cents().unsigned_abs();
    let whole = grouped(locale, cents / units);
    match digits {
        0 => whole,
        digits => {
            let separator = decimal_separator(locale);
            let width = digits as usize;
            format!("{whole}{separator}{:0width$}", cents % units)
        }
    }
}

/// Returns the symbol of a currency, or its code.
fn symbol(locale: Locale, currency: Currency) -> &'static str {
    match (locale, currency.code()) {
        (Locale::EnGb, "USD") => "US$",
        (Locale::EnGb, "JPY") => "JP¥",
        (_, "USD") => "$",
        (Locale::EnUs, "JPY") => "¥",
        (Locale::DeDe, "JPY") => "¥",
        (_, "EUR") => "€",
        (_, "GBP") => "£",
        (_, "CAD") => "CA$",
        (Locale::DeDe, "AUD") => "AU$",
        (_, "AUD") => "A$",
        (_, "CNY") => "CN¥",
        (_, "INR") => "₹",
        (_, "KRW") => "₩",
        (_, "MXN") => "MX$",
        (_, "NZD") => "NZ$",
        (_, "BRL") => "R$",
        (_, "HKD") => "HK$",
        (_, "ILS") => "₪",
        (_, "TWD") => "NT$",
        (_, "VND") => "₫",
        (Locale::EnUs | Locale::EnGb, "PHP") => "₱",
        (Locale::DeDe, "THB") => "฿",
        (_, "XAF") => "FCFA",
        (_, "XOF") => "F\u{202f}CFA",
        (_, "XPF") => "CFPF",
        (_, "XCD") => "EC$",
        (_, _) => currency.code(),
    }
}

/// Parses an amount that a person entered, such as `19.99`. At most the digits of the currency are
/// accepted; more are an error, never rounded. A comma counts as a point.
pub(crate) fn parse(text: &str, currency: Currency) -> Option<i64> {
    let text = text.trim().replace(',', ".");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let digits = usize::from(currency.minor_digits());
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) || fraction.len() > digits {
        return None;
    }
    format!("{whole}{fraction:0<digits$}").parse().ok()
}

/// Writes an amount as a person enters it, such as `19.99` or `20`.
pub(crate) fn for_input(cents: i64, currency: Currency) -> String {
    let digits = u32::from(currency.minor_digits());
    let units = 10_i64.pow(digits);
    match cents % units {
        0 => (cents / units).to_string(),
        minor => format!("{}.{minor:0width$}", cents / units, width = digits as usize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(cents: i64, code: &str) -> Money {
        Money::new(cents, code.parse().unwrap())
    }

    #[test]
    fn amounts_follow_the_locale() {
        use Locale::{DeDe, EnGb, EnUs};
        for (locale, cents, code, text) in [
            (EnUs, 123_450, "USD", "$1,234.50"),
            (EnUs, 5, "USD", "$0.05"),
            (EnUs, -1_999, "USD", "-$19.99"),
            (EnUs, 1_234, "JPY", "¥1,234"),
            (EnUs, 1_200, "CHF", "CHF\u{a0}12.00"),
            (EnUs, 12_345, "KWD", "KWD\u{a0}12.345"),
            (EnGb, 1_999, "GBP", "£19.99"),
            (EnGb, 1_999, "USD", "US$19.99"),
            (DeDe, 123_450, "EUR", "1.234,50\u{a0}€"),
            (DeDe, -1_200, "CHF", "-12,00\u{a0}CHF"),
        ] {
            assert_eq!(format(locale, money(cents, code)), text);
        }
    }

    #[test]
    fn entered_amounts_are_never_rounded() {
        let usd = Currency::USD;
        for (text, cents) in [("19.99", 1999), (" 20 ", 2000), ("0,5", 50), ("7.", 700)] {
            assert_eq!(parse(text, usd), Some(cents), "{text}");
        }
        for text in ["", ".5", "19.999", "-1", "1e3", "1.2.3", "99999999999999999999"] {
            assert_eq!(parse(text, usd), None, "{text}");
        }
        let yen = "JPY".parse().unwrap();
        assert_eq!(parse("1200", yen), Some(1200));
        assert_eq!(parse("1200.5", yen), None);
    }

    #[test]
    fn input_value_is_parsed_to_the_same_amount() {
        for cents in [0, 5, 50, 1999, 2000] {
            assert_eq!(parse(&for_input(cents, Currency::USD), Currency::USD), Some(cents));
        }
        assert_eq!(for_input(2000, Currency::USD), "20");
        assert_eq!(for_input(2005, Currency::USD), "20.05");
    }
}
