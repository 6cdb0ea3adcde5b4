//! The `grpc-timeout` header: the deadline that the caller sets.

use http::{HeaderMap, HeaderValue};
use std::time::Duration;

const GRPC_TIMEOUT: &str = "grpc-timeout";

/// Maximum number of digits in the specification.
const MAX_DIGITS: usize = 8;

/// Reads the caller's timeout; `None` when the header is missing or invalid.
pub(super) fn read(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(GRPC_TIMEOUT)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !plain || digits.len() > MAX_DIGITS {
        return None;
    }
    let value: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(value * 3600)),
        "M" => Some(Duration::from_secs(value * 60)),
        "S" => Some(Duration::from_secs(value)),
        "m" => Some(Duration::from_millis(value)),
        "u" => Some(Duration::from_micros(value)),
        "n" => Some(Duration::from_nanos(value)),
        _ => None,
    }
}

/// Writes the remaining time for the called server, in milliseconds rounded up.
pub(super) fn write(headers: &mut HeaderMap, remaining: Duration) {
    let millis = remaining.as_micros().div_ceil(1000).clamp(1, 99_999_999);
    if let Ok(value) = HeaderValue::from_str(&format!("{millis}m")) {
        headers.insert(GRPC_TIMEOUT, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(text: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(GRPC_TIMEOUT, text.parse().expect("a header"));
        headers
    }

    #[test]
    fn every_unit_is_read() {
        for (text, nanos) in [
            ("1H", 3_600_000_000_000),
            ("2M", 120_000_000_000),
            ("3S", 3_000_000_000),
            ("4m", 4_000_000),
            ("5u", 5_000),
            ("6n", 6),
            ("99999999m", 99_999_999_000_000),
        ] {
            assert_eq!(read(&headers(text)), Some(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn invalid_header_is_no_deadline() {
        for text in ["", "S", "1", "-1S", "+1S", "1s", "1.5S", "123456789S", " 1S"] {
            assert_eq!(read(&headers(text)), None, "{text:?}");
        }
        let mut non_ascii = HeaderMap::new();
        non_ascii
            .insert(GRPC_TIMEOUT, HeaderValue::from_bytes("1\u{e4}".as_bytes()).expect("bytes"));
        assert_eq!(read(&non_ascii), None);
    }

    #[test]
    fn written_timeout_is_read_back_and_never_zero() {
        for (micros, millis) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (5_000_000, 5000)] {
            let mut headers = HeaderMap::new();
            write(&mut headers, Duration::from_micros(micros));
            assert_eq!(read(&headers), Some(Duration::from_millis(millis)), "{micros} µs");
        }
    }
}
