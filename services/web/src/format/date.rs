//! Dates and times, as CLDR writes them.

use jiff::Zoned;
use jiff::civil::{Date, Weekday};

use crate::locale::Locale;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const MONTHS_DE: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];

/// Writes a day: `November 30, 2026`, `30 November 2026`, `30. November 2026`.
pub(super) fn long(locale: Locale, date: Date) -> String {
    let (day, month, year) = (date.day(), month(locale, date), date.year());
    match locale {
        Locale::EnUs => format!("{month} {day}, {year}"),
        Locale::EnGb => format!("{day} {month} {year}"),
        Locale::DeDe => format!("{day}. {month} {year}"),
    }
}

/// Writes a day and a time of day: `Nov 30, 2026, 2:05 PM`, `30 Nov 2026, 14:05`.
pub(super) fn with_time(locale: Locale, time: &Zoned) -> String {
    let date = time.date();
    let (day, year, hour, minute) = (date.day(), date.year(), time.hour(), time.minute());
    match locale {
        Locale::EnUs => {
            let half = if hour < 12 { "AM" } else { "PM" };
            let hour = (hour + 11) % 12 + 1;
            format!("{} {day}, {year}, {hour}:{minute:02}\u{202f}{half}", short_month(locale, date))
        }
        Locale::EnGb => {
            format!("{day} {} {year}, {hour:02}:{minute:02}", short_month(locale, date))
        }
        Locale::DeDe => format!("{day:02}.{:02}.{year}, {hour:02}:{minute:02}", date.month()),
    }
}

/// Writes a day of the near future: `Mon, Nov 30`, `Mon 30 Nov`, `Mo., 30.11.`
pub(super) fn weekday(locale: Locale, date: Date) -> String {
    let day = date.day();
    match locale {
        Locale::EnUs => format!("{}, {} {day}", short_weekday(date), short_month(locale, date)),
        Locale::EnGb => format!("{} {day} {}", short_weekday(date), short_month(locale, date)),
        Locale::DeDe => format!("{}., {day}.{}.", short_weekday_de(date), date.month()),
    }
}

fn month(locale: Locale, date: Date) -> &'static str {
    let months = if locale == Locale::DeDe { MONTHS_DE } else { MONTHS };
    // Months are 1 to 12.
    months.get(date.month().unsigned_abs() as usize - 1).copied().unwrap_or_default()
}

/// Returns the short name of a month in English: three letters, and in Great Britain `Sept`.
fn short_month(locale: Locale, date: Date) -> &'static str {
    match (locale, date.month()) {
        (Locale::EnGb, 9) => "Sept",
        _ => month(Locale::EnUs, date).get(..3).unwrap_or_default(),
    }
}

fn short_weekday(date: Date) -> &'static str {
    match date.weekday() {
        Weekday::Monday => "Mon",
        Weekday::Tuesday => "Tue",
        Weekday::Wednesday => "Wed",
        Weekday::Thursday => "Thu",
        Weekday::Friday => "Fri",
        Weekday::Saturday => "Sat",
        Weekday::Sunday => "Sun",
    }
}

fn short_weekday_de(date: Date) -> &'static str {
    match date.weekday() {
        Weekday::Monday => "Mo",
        Weekday::Tuesday => "Di",
        Weekday::Wednesday => "Mi",
        Weekday::Thursday => "Do",
        Weekday::Friday => "Fr",
        Weekday::Saturday => "Sa",
        Weekday::Sunday => "So",
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn dates_follow_the_locale() {
        use Locale::{DeDe, EnGb, EnUs};
        let time: jiff::Timestamp = "2026-11-30T00:05:00Z".parse().unwrap();
        let time = time.to_zoned(TimeZone::get("Europe/Berlin").unwrap());
        for (locale, day, moment, near) in [
            (EnUs, "November 30, 2026", "Nov 30, 2026, 1:05\u{202f}AM", "Mon, Nov 30"),
            (EnGb, "30 November 2026", "30 Nov 2026, 01:05", "Mon 30 Nov"),
            (DeDe, "30. November 2026", "30.11.2026, 01:05", "Mo., 30.11."),
        ] {
            assert_eq!(long(locale, time.date()), day);
            assert_eq!(with_time(locale, &time), moment);
            assert_eq!(weekday(locale, time.date()), near);
        }
    }

    #[test]
    fn noon_and_midnight_are_twelve() {
        for (hour, text) in [(0, "12:00\u{202f}AM"), (12, "12:00\u{202f}PM")] {
            let time = jiff::civil::date(2026, 1, 2).at(hour, 0, 0, 0);
            let time = time.to_zoned(TimeZone::UTC).unwrap();
            assert!(with_time(Locale::EnUs, &time).ends_with(text));
        }
    }
}
