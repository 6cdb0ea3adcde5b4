//! Times in requests.

use jiff::Timestamp;
use jiff::civil::DateTime;

/// Length of a time without fraction and offset: `2026-11-22T10:00:00`.
const LOCAL_BYTES: usize = 19;

/// Why a text is not a time, as a message for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// The text is not a time of RFC 3339, or has a leap second, which has no place in the time of
    /// computers.
    #[error("must be a time such as 2026-11-22T10:00:00Z")]
    Malformed,
    /// The time is before year 1 or after the last supported day.
    #[error("must be from 0001-01-01T00:00:00Z to 9999-12-30T22:00:00Z")]
    OutOfRange,
}

/// Parses a time of RFC 3339, section 5.6, with a space or `T` between date and time. Other forms
/// of ISO 8601 are refused: years of six digits, weeks, times without seconds, names of time zones.
///
/// # Errors
/// Fails when the text has another form, is not a valid date and time, or is out of range.
pub fn parse_time(text: &str) -> Result<Timestamp, TimeError> {
    if !has_form(text.as_bytes()) {
        return Err(TimeError::Malformed);
    }
    let local = text.get(..LOCAL_BYTES).and_then(|local| local.parse::<DateTime>().ok());
    let year = local.ok_or(TimeError::Malformed)?.year();
    let time = text.parse::<Timestamp>().map_err(|_| TimeError::OutOfRange)?;
    let first = Timestamp::from_second(-62_135_596_800).unwrap_or(Timestamp::MIN);
    if year == 0 || time < first { Err(TimeError::OutOfRange) } else { Ok(time) }
}

/// Whether the text has the form `YYYY-MM-DDTHH:MM:SS[.F]Z`, or with an offset `+HH:MM` in the
/// place of `Z`, and a second below 60.
fn has_form(text: &[u8]) -> bool {
    let Some((local, rest)) = text.split_at_checked(LOCAL_BYTES) else { return false };
    let is_local = local.iter().enumerate().all(|(position, byte)| match position {
        4 | 7 => *byte == b'-',
        10 => matches!(byte, b'T' | b't' | b' '),
        13 | 16 => *byte == b':',
        _ => byte.is_ascii_digit(),
    });
    is_local && local[17] < b'6' && is_offset(without_fraction(rest))
}

/// Removes a fraction of a second of 1 to 9 digits.
fn without_fraction(rest: &[u8]) -> &[u8] {
    let Some(fraction) = rest.strip_prefix(b".") else { return rest };
    let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if (1..=9).contains(&digits) { &fraction[digits..] } else { rest }
}

fn is_offset(offset: &[u8]) -> bool {
    match offset {
        b"Z" | b"z" => true,
        [b'+' | b'-', hours @ .., b':', b'0'..=b'5', b'0'..=b'9'] => {
            matches!(hours, [b'0' | b'1', b'0'..=b'9'] | [b'2', b'0'..=b'3'])
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_rfc_3339_are_parsed() {
        for (text, time) in [
            ("2026-11-22T10:00:00Z", "2026-11-22T10:00:00Z"),
            ("2026-11-22t10:00:00z", "2026-11-22T10:00:00Z"),
            ("2026-11-22 10:00:00.5-01:30", "2026-11-22T11:30:00.5Z"),
            ("2026-01-01T00:00:00+01:00", "2025-12-31T23:00:00Z"),
            ("2026-01-01T00:00:00.123456789+23:59", "2025-12-31T00:01:00.123456789Z"),
            ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
            ("9999-12-30T22:00:00Z", "9999-12-30T22:00:00Z"),
        ] {
            assert_eq!(
                parse_time(text).map(|time| time.to_string()),
                Ok(time.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn other_forms_and_leap_seconds_are_malformed() {
        for text in [
            "",
            "yesterday",
            "2026-11-22",
            "2026-11-22T10:00Z",
            "2026-11-22T10:00:00",
            "20261122T100000Z",
            "2026-W47-7T10:00:00Z",
            "-004714-01-01T00:00:00Z",
            "+002026-11-22T10:00:00Z",
            "2026-11-22T10:00:00Z[Europe/Berlin]",
            "2026-11-22T10:00:00+01",
            "2026-11-22T10:00:00+24:00",
            "2026-11-22T10:00:00++1:00",
            "2026-11-22T10:00:00+01:60",
            "2026-11-22T10:00:00.Z",
            "2026-11-22T10:00:00,5Z",
            "2026-11-22T10:00:00.1234567890Z",
            "2026-02-30T10:00:00Z",
            "2026-11-22T24:00:00Z",
            "2026-11-22T10:00:61Z",
            "2016-12-31T23:59:60Z",
            "2026-11-22T10:00:00é",
            "２０２６-11-22T10:00:00Z",
        ] {
            assert_eq!(parse_time(text), Err(TimeError::Malformed), "{text}");
        }
    }

    #[test]
    fn times_out_of_range_are_refused() {
        for text in [
            "0000-12-31T23:59:59Z",
            "0000-12-31T23:59:59-01:00",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59Z",
        ] {
            assert_eq!(parse_time(text), Err(TimeError::OutOfRange), "{text}");
        }
    }
}
