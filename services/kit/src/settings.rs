//! Parsers of setting values, for clap's `value_parser`.

use jiff::{SignedDuration, Span, SpanRelativeTo};
use std::fmt::Display;
use std::ops::Deref;
use std::str::FromStr;
use std::time::Duration;

/// Parses a duration: `250ms`, `30s`, `15m`, `1h 30m`, `7d`; `0` without a unit is zero. A day is
/// 24 hours.
///
/// # Errors
/// A sentence with the expected form.
///
/// ```
/// # use std::time::Duration;
/// assert_eq!(kit::settings::duration("15m"), Ok(Duration::from_secs(900)));
/// ```
pub fn duration(text: &str) -> Result<Duration, String> {
    const EXPECTED: &str = "expected a duration such as 250ms, 30s, 15m, 1h 30m or 7d";
    let text = text.trim();
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let span: Span = text.parse().map_err(|_| EXPECTED.to_owned())?;
    span.to_duration(SpanRelativeTo::days_are_24_hours())
        .ok()
        .and_then(|signed| Duration::try_from(signed).ok())
        .ok_or_else(|| EXPECTED.to_owned())
}

/// Returns a parser of durations from `min` to `max`:
/// `value_parser = duration_between(Duration::from_millis(100), Duration::from_secs(60))`.
pub fn duration_between(
    min: Duration,
    max: Duration,
) -> impl Fn(&str) -> Result<Duration, String> + Clone + Send + Sync + 'static {
    move |text| {
        let value = duration(text)?;
        match (min..=max).contains(&value) {
            true => Ok(value),
            false => Err(format!("must be {} to {}", format_duration(min), format_duration(max))),
        }
    }
}

fn format_duration(duration: Duration) -> String {
    SignedDuration::try_from(duration)
        .map_or_else(|_| format!("{duration:?}"), |duration| format!("{duration:#}"))
}

/// A comma-separated list in one setting: `a, b`. Spaces around entries and empty entries are
/// ignored, so an empty setting is an empty list.
///
/// ```
/// # use kit::settings::List;
/// let ports: List<u16> = "80, 443,".parse().unwrap();
/// assert_eq!(*ports, [80, 443]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List<T>(Vec<T>);

impl<T: FromStr<Err: Display>> FromStr for List<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let read = |entry: &str| entry.parse().map_err(|error| format!("{entry}: {error}"));
        entries.map(read).collect::<Result<_, _>>().map(Self)
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{List, duration, duration_between};
    use clap::Parser;
    use std::time::Duration;

    #[test]
    fn duration_out_of_range_is_rejected_with_the_range() {
        let parse = duration_between(Duration::from_millis(100), Duration::from_secs(3600));
        for (text, millis) in [("100ms", 100), ("30s", 30_000), ("1h", 3_600_000)] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["0", "99ms", "61m", "7d"] {
            assert_eq!(parse(text), Err("must be 100ms to 1h".to_owned()), "{text}");
        }
        assert!(parse("soon").is_err());
    }

    #[derive(Parser)]
    struct Connections {
        #[command(flatten)]
        postgres: crate::postgres::Args,
        #[command(flatten)]
        redis: crate::redis::Args,
    }

    #[test]
    fn zero_connection_timeouts_are_rejected() {
        assert!(Connections::try_parse_from(["x"]).is_ok());
        for setting in [
            "--database-acquire-timeout=0",
            "--database-statement-timeout=0",
            "--database-statement-timeout=500us",
            "--database-lock-timeout=0",
            "--database-idle-in-transaction-timeout=0",
            "--redis-timeout=0",
        ] {
            assert!(Connections::try_parse_from(["x", setting]).is_err(), "{setting}");
        }
    }

    #[test]
    fn list_entries_are_trimmed_and_empty_ones_ignored() {
        for (text, numbers) in
            [("", &[][..]), (" ", &[]), (",", &[]), ("1", &[1]), (" 1 ,2,, 3,", &[1, 2, 3])]
        {
            assert_eq!(text.parse::<List<u8>>().as_deref(), Ok(numbers), "{text:?}");
        }
        let error = "1,many".parse::<List<u8>>().expect_err("not a number");
        assert!(error.starts_with("many: "), "{error}");
    }

    #[test]
    fn durations_with_units_are_parsed() {
        for (text, millis) in [
            ("0", 0),
            ("250ms", 250),
            ("30s", 30_000),
            (" 15m ", 900_000),
            ("1h 30m", 5_400_000),
            ("7d", 604_800_000),
            ("7 days", 604_800_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text:?}");
        }
    }

    #[test]
    fn invalid_duration_is_rejected_with_an_example() {
        for text in ["", "15", "soon", "-5s", "1 fortnight", "3 months"] {
            let error = duration(text).expect_err(text);
            assert!(error.contains("15m"), "{text:?}: {error}");
        }
    }
}
