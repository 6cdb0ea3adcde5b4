//! Mails, which are parsed once when they are received.

use jiff::Timestamp;
use mail_parser::{Address, Message, MessageParser, PartType};
use serde::Serialize;
use uuid::Uuid;

/// Maximum number of stored headers of a mail, many times what mails have. Parsed, a megabyte of
/// tiny headers would take thirty megabytes.
const MAX_HEADERS: usize = 500;

/// Memory that a string in a list takes in addition to its bytes: its place in the list and the
/// overhead of the heap.
const STRING_OVERHEAD_BYTES: usize = 64;

/// A message that was received over SMTP.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ReceivedMessage {
    /// Sender of the envelope; empty for bounces.
    pub(crate) from: String,
    /// Recipients of the envelope.
    pub(crate) to: Vec<String>,
    /// Headers and body.
    pub(crate) raw: Vec<u8>,
}

/// A parsed mail.
#[derive(Debug, Serialize)]
pub(crate) struct Mail {
    pub(crate) id: Uuid,
    /// Sender of the header, or of the envelope if the header has none.
    pub(crate) from: String,
    /// Recipients of the envelope, which includes blind copies.
    pub(crate) to: Vec<String>,
    pub(crate) subject: String,
    /// Date of the header, or the time of receipt if the header has none.
    pub(crate) date: Timestamp,
    /// The plain text part; empty if there is none.
    pub(crate) text: String,
    /// The HTML part; empty if there is none.
    pub(crate) html: String,
    /// The first headers (at most [`MAX_HEADERS`]), in their order and not decoded.
    pub(crate) headers: Vec<Header>,
}

/// A header of a mail.
#[derive(Debug, Serialize)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl Mail {
    /// Parses a message. One that is not a valid mail becomes the text of the mail.
    pub(crate) fn parse(id: Uuid, now: Timestamp, received: ReceivedMessage) -> Self {
        let ReceivedMessage { from, to, raw } = received;
        let Some(message) = MessageParser::default().parse(&raw) else {
            let text = String::from_utf8_lossy(&raw).into_owned();
            let (subject, html, headers) = (String::new(), String::new(), Vec::new());
            return Self { id, from, to, subject, date: now, text, html, headers };
        };
        Self {
            id,
            from: message.from().and_then(format_first).unwrap_or(from),
            to,
            subject: message.subject().unwrap_or_default().to_owned(),
            date: date(&message).unwrap_or(now),
            text: first_part(&message, |part| match part {
                PartType::Text(text) => Some(text),
                _ => None,
            }),
            html: first_part(&message, |part| match part {
                PartType::Html(html) => Some(html),
                _ => None,
            }),
            headers: headers(&message),
        }
    }

    /// Returns the memory that the mail takes, in bytes.
    pub(crate) fn size(&self) -> usize {
        let headers = self.headers.iter().flat_map(|header| [&header.name, &header.value]);
        let in_lists = headers.chain(&self.to).map(|text| text.len() + STRING_OVERHEAD_BYTES);
        let texts = [&self.from, &self.subject, &self.text, &self.html];
        texts.map(String::len).into_iter().chain(in_lists).sum()
    }

    /// Whether the address is one of the recipients. Ignores case.
    pub(crate) fn is_addressed_to(&self, address: &str) -> bool {
        let address = address.to_lowercase();
        self.to.iter().any(|to| to.to_lowercase() == address)
    }
}

/// Returns the first address as `Name <address>`, or only its name or address if the other is
/// missing.
fn format_first(address: &Address<'_>) -> Option<String> {
    let first = address.first()?;
    match (first.name(), first.address()) {
        (Some(name), Some(address)) => Some(format!("{name} <{address}>")),
        (name, address) => name.or(address).map(str::to_owned),
    }
}

fn date(message: &Message<'_>) -> Option<Timestamp> {
    Timestamp::from_second(message.date()?.to_timestamp()).ok()
}

/// Returns the text of the first part of a kind, or an empty string. Attachments are parts of
/// another kind.
fn first_part<'a>(
    message: &'a Message<'_>,
    text_of_kind: impl Fn(&'a PartType<'a>) -> Option<&'a std::borrow::Cow<'a, str>>,
) -> String {
    let found = message.parts.iter().find_map(|part| text_of_kind(&part.body));
    found.map(|text| text.clone().into_owned()).unwrap_or_default()
}

fn headers(message: &Message<'_>) -> Vec<Header> {
    let header = |(name, value): (&str, &str)| Header {
        name: name.to_owned(),
        value: value.trim().to_owned(),
    };
    message.headers_raw().take(MAX_HEADERS).map(header).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(raw: &str) -> Mail {
        let received = ReceivedMessage {
            from: "envelope@example.com".into(),
            to: vec!["Ada@Example.com".into()],
            raw: raw.replace('\n', "\r\n").into_bytes(),
        };
        Mail::parse(Uuid::nil(), Timestamp::UNIX_EPOCH, received)
    }

    #[test]
    fn text_and_html_parts_are_decoded() {
        let mail = parse(
            "From: =?utf-8?q?B=C3=BCcher?= <shop@example.com>\n\
             Date: Sun, 1 Mar 2026 13:00:00 +0100\n\
             Subject: =?utf-8?b?R3LDvMOfZQ==?=\nContent-Type: multipart/alternative; boundary=x\n\n\
             --x\nContent-Type: text/plain; charset=utf-8\n\
             Content-Transfer-Encoding: quoted-printable\n\n\
             Gr=C3=BC=C3=9Fe\n--x\nContent-Type: text/html; charset=utf-8\n\n<p>Hi</p>\n--x--\n",
        );
        assert_eq!(mail.from, "Bücher <shop@example.com>");
        assert_eq!(mail.subject, "Grüße");
        assert_eq!(mail.date.to_string(), "2026-03-01T12:00:00Z");
        assert_eq!((mail.text.trim(), mail.html.trim()), ("Grüße", "<p>Hi</p>"));
        assert_eq!(mail.headers[1].name, "Date");
        assert!(mail.is_addressed_to("ada@example.COM") && !mail.is_addressed_to("a@example.com"));
    }

    #[test]
    fn missing_headers_come_from_envelope_and_clock() {
        let mail = parse("Subject: x\n\nhello\n");
        assert_eq!((&*mail.from, mail.date), ("envelope@example.com", Timestamp::UNIX_EPOCH));
        assert_eq!((mail.text.trim(), &*mail.html), ("hello", ""));
        assert_eq!(parse("").text, "");
    }

    #[test]
    fn size_includes_overhead_of_many_tiny_headers() {
        let mail = parse(&format!("{}\nhello\n", "a:\n".repeat(100_000)));
        assert_eq!((mail.headers.len(), mail.text.trim()), (MAX_HEADERS, "hello"));
        assert!(mail.size() > MAX_HEADERS * size_of::<Header>(), "{}", mail.size());
    }
}
