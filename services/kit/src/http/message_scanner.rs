//! The ends of HTTP/1 messages in the bytes of a connection.
//!
//! `hyper` does not report whether it has buffered the beginning of the next head when a request is
//! complete. That head must arrive within the header read timeout, like each other head. Therefore
//! the scanner counts the bytes behind the end of a head and compares them with the declared length
//! of the body.

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, Version};

/// How the end of a request body is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyFraming {
    /// `Content-Length`; 0 without a body.
    Length(u64),
    /// Chunks, of which the last one is followed by an empty line.
    Chunked,
}

impl BodyFraming {
    /// The framing of an HTTP/1 request with these headers.
    pub(super) fn from_headers(version: Version, headers: &HeaderMap) -> Self {
        if version < Version::HTTP_2 && headers.contains_key(TRANSFER_ENCODING) {
            return Self::Chunked;
        }
        let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        Self::Length(length.and_then(|length| length.parse().ok()).unwrap_or(0))
    }
}

/// Scans the bytes that an HTTP/1 peer sends.
#[derive(Debug, Default)]
pub(super) struct MessageScanner {
    /// The last four bytes.
    last: u32,
    /// Whether the head has begun: empty lines may precede it.
    has_begun: bool,
    /// Bytes behind the end of the head; `None` before its end.
    behind_head: Option<u64>,
    /// `None` while a head is expected.
    framing: Option<BodyFraming>,
    /// Whether the request arrived together with another one, so that its head was not seen.
    is_pipelined: bool,
}

impl MessageScanner {
    /// Scans the next bytes.
    pub(super) fn receive(&mut self, bytes: &[u8]) {
        for (index, byte) in bytes.iter().enumerate() {
            if let Some(behind) = &mut self.behind_head {
                *behind += (bytes.len() - index) as u64;
                for byte in &bytes[bytes.len().saturating_sub(4).max(index)..] {
                    self.last = self.last << 8 | u32::from(*byte);
                }
                return;
            }
            self.last = self.last << 8 | u32::from(*byte);
            self.has_begun |= !matches!(byte, b'\r' | b'\n');
            if self.has_begun && self.ends_with_empty_line() {
                self.behind_head = Some(0);
            }
        }
    }

    /// Records that a head has been parsed.
    pub(super) fn begin_body(&mut self, framing: BodyFraming) {
        self.is_pipelined = self.framing.is_some() || self.behind_head.is_none();
        self.framing = Some(framing);
    }

    /// Records the end of the message, and returns whether bytes of the next one have arrived, or
    /// may have arrived.
    pub(super) fn end_message(&mut self) -> bool {
        let behind_head = self.behind_head.unwrap_or(0);
        let has_next = self.is_pipelined
            || match self.framing {
                Some(BodyFraming::Length(length)) => behind_head > length,
                Some(BodyFraming::Chunked) => !self.ends_with_empty_line(),
                None => false,
            };
        *self = Self::default();
        has_next
    }

    /// Whether the last bytes are an empty line. Lines may end with a bare LF.
    fn ends_with_empty_line(&self) -> bool {
        self.last & 0xffff == 0x0a0a || self.last & 0x00ff_ffff == 0x000a_0d0a
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";

    fn has_next(parts: &[&str], framing: BodyFraming) -> bool {
        let mut scanner = MessageScanner::default();
        for part in parts {
            scanner.receive(part.as_bytes());
        }
        scanner.begin_body(framing);
        scanner.end_message()
    }

    #[test]
    fn bytes_behind_a_message_are_found() {
        let (none, two) = (BodyFraming::Length(0), BodyFraming::Length(2));
        let chunks = "1\r\nx\r\n0\r\n\r\n";
        for (parts, framing, expected) in [
            (&[HEAD][..], none, false),
            (&["\r\n", HEAD], none, false),
            (&["GET / HTTP/1.1\n\n"], none, false),
            (&[HEAD, "G"], none, true),
            (&[&format!("{HEAD}G")], none, true),
            (&[HEAD, "{", "}"], two, false),
            (&[&format!("{HEAD}{{}}")], two, false),
            (&[HEAD, "{"], two, false),
            (&[HEAD, "{}G"], two, true),
            (&[&format!("{HEAD}{chunks}")], BodyFraming::Chunked, false),
            (&[HEAD, chunks], BodyFraming::Chunked, false),
            (&[HEAD, chunks, "G"], BodyFraming::Chunked, true),
        ] {
            assert_eq!(has_next(parts, framing), expected, "{parts:?}");
        }
    }

    #[test]
    fn head_is_found_in_any_parts() {
        for length in 1..HEAD.len() {
            let bytes: Vec<_> = HEAD.as_bytes().chunks(length).collect();
            let parts: Vec<_> = bytes.iter().filter_map(|part| str::from_utf8(part).ok()).collect();
            assert!(!has_next(&parts, BodyFraming::Length(0)), "{length}");
        }
    }

    #[test]
    fn pipelined_request_may_be_followed_by_another() {
        let mut scanner = MessageScanner::default();
        scanner.receive(format!("{HEAD}{HEAD}").as_bytes());
        for _ in 0..2 {
            scanner.begin_body(BodyFraming::Length(0));
            assert!(scanner.end_message());
        }
        scanner.receive(HEAD.as_bytes());
        scanner.begin_body(BodyFraming::Length(0));
        assert!(!scanner.end_message());
    }

    #[test]
    fn framing_is_read_from_headers() {
        let headers =
            |name, value| HeaderMap::from_iter([(name, http::HeaderValue::from_static(value))]);
        for (headers, expected) in [
            (HeaderMap::new(), BodyFraming::Length(0)),
            (headers(CONTENT_LENGTH, "12"), BodyFraming::Length(12)),
            (headers(TRANSFER_ENCODING, "chunked"), BodyFraming::Chunked),
        ] {
            assert_eq!(BodyFraming::from_headers(Version::HTTP_11, &headers), expected);
        }
    }
}
