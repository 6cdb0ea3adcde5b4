//! How pages write amounts, dates, page numbers and structured data: pure functions.

mod date;
pub(crate) mod json_ld;
pub(crate) mod money;
mod number;
pub(crate) mod pagination;

use ::money::Money;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::locale::Locale;

/// The form of amounts and dates of a locale, in a time zone.
#[derive(Clone, Debug)]
pub(crate) struct Format {
    locale: Locale,
    zone: TimeZone,
}

impl Format {
    /// Creates the form of a locale.
    pub(crate) fn new(locale: Locale, zone: TimeZone) -> Self {
        Self { locale, zone }
    }

    /// Writes an amount, such as `$1,234.50`.
    pub(crate) fn money(&self, amount: Money) -> String {
        money::format(self.locale, amount)
    }

    /// Writes the day of a time, such as `November 30, 2026`.
    pub(crate) fn date(&self, time: Timestamp) -> String {
        date::long(self.locale, self.day(time))
    }

    /// Writes a time, such as `Nov 30, 2026, 2:05 PM`.
    pub(crate) fn date_time(&self, time: Timestamp) -> String {
        date::with_time(self.locale, &time.to_zoned(self.zone.clone()))
    }

    /// Writes a day with its weekday, such as `Mon, Nov 30`.
    pub(crate) fn weekday(&self, day: Date) -> String {
        date::weekday(self.locale, day)
    }

    /// Returns the day of a time in the shop's time zone.
    pub(crate) fn day(&self, time: Timestamp) -> Date {
        time.to_zoned(self.zone.clone()).date()
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    /// Writes a value of the table.
    fn write(kind: &str, locale: &str, value: &str) -> String {
        let format = Format::new(Locale::from_str(locale, false).unwrap(), TimeZone::UTC);
        let time = || value.parse::<Timestamp>().unwrap();
        match kind {
            "money" => format.money(amount(value)),
            "date" => format.date(time()),
            "time" => format.date_time(time()),
            "weekday" => format.weekday(format.day(time())),
            kind => panic!("{kind} is no kind of value"),
        }
    }

    /// Parses an amount such as `-19.99 USD`.
    fn amount(text: &str) -> Money {
        let (number, code) = text.split_once(' ').unwrap();
        let currency = code.parse().unwrap();
        let cents = money::parse(number.trim_start_matches('-'), currency).unwrap();
        Money::new(if number.starts_with('-') { -cents } else { cents }, currency)
    }

    #[test]
    fn amounts_and_dates_are_those_of_intl() {
        let rows: Vec<&str> =
            include_str!("intl.txt").lines().filter(|row| !row.starts_with('#')).collect();
        let written = rows.iter().map(|row| {
            let columns: Vec<&str> = row.split('|').collect();
            let [kind, locale, value, _] = columns[..] else { panic!("{row}") };
            format!("{kind}|{locale}|{value}|{}", write(kind, locale, value))
        });
        let wrong: Vec<String> =
            written.zip(&rows).filter(|(ours, row)| ours != *row).map(|(ours, _)| ours).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
