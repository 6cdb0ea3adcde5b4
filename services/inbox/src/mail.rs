//! A mail, read once when it comes in.

use jiff::Timestamp;
use mail_parser::{Address, Message, MessageParser, PartType};
use serde::Serialize;
use uuid::Uuid;

/// Headers that are kept of a mail: many times those that mails have. A megabyte of tiny ones would
/// take thirty when they are read.
const MAX_HEADERS: usize = 500;

/// What a text in a list costs beside its bytes: its place in the list and in the heap.
const BYTES_PER_TEXT: usize = 64;

/// A message as it came over SMTP.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Received {
    /// The sender on the envelope; empty for bounces.
    pub(crate) from: String,
    /// The recipients on the envelope.
    pub(crate) to: Vec<String>,
    /// Headers and body.
    pub(crate) raw: Vec<u8>,
}

/// A mail as it is shown.
#[derive(Debug, Serialize)]
pub(crate) struct Mail {
    pub(crate) id: Uuid,
    /// As the mail itself says, else as on the envelope.
    pub(crate) from: String,
    /// As on the envelope: whoever gets it, blind copies included.
    pub(crate) to: Vec<String>,
    pub(crate) subject: String,
    /// As the mail itself says, else when it came in.
    pub(crate) date: Timestamp,
    /// The part of plain text; empty when there is none.
    pub(crate) text: String,
    /// The part of HTML; empty when there is none.
    pub(crate) html: String,
    /// The headers in their order, encoded as they came; the first of too many.
    pub(crate) headers: Vec<Header>,
}

/// A header of a mail.
#[derive(Debug, Serialize)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) value: String,
}

impl Mail {
    /// Reads a message. One that is no mail is shown as the text it is.
    pub(crate) fn read(id: Uuid, now: Timestamp, received: Received) -> Self {
        let Received { from, to, raw } = received;
        let Some(message) = MessageParser::default().parse(&raw) else {
            let text = String::from_utf8_lossy(&raw).into_owned();
            let (subject, html, headers) = (String::new(), String::new(), Vec::new());
            return Self { id, from, to, subject, date: now, text, html, headers };
        };
        Self {
            id,
            from: message.from().and_then(first).unwrap_or(from),
            to,
            subject: message.subject().unwrap_or_default().to_owned(),
            date: date(&message).unwrap_or(now),
            text: part(&message, |part| match part {
                PartType::Text(text) => Some(text),
                _ => None,
            }),
            html: part(&message, |part| match part {
                PartType::Html(html) => Some(html),
                _ => None,
            }),
            headers: headers(&message),
        }
    }

    /// What it costs to keep it, in bytes.
    pub(crate) fn size(&self) -> usize {
        let headers = self.headers.iter().flat_map(|header| [&header.name, &header.value]);
        let listed = headers.chain(&self.to).map(|text| text.len() + BYTES_PER_TEXT);
        let texts = [&self.from, &self.subject, &self.text, &self.html];
        texts.map(String::len).into_iter().chain(listed).sum()
    }

    /// Whether it went to this address, whatever its case.
    pub(crate) fn is_to(&self, address: &str) -> bool {
        let address = address.to_lowercase();
        self.to.iter().any(|to| to.to_lowercase() == address)
    }
}

/// `Name <address>`, or the one of them that there is.
fn first(address: &Address<'_>) -> Option<String> {
    let first = address.first()?;
    match (first.name(), first.address()) {
        (Some(name), Some(address)) => Some(format!("{name} <{address}>")),
        (one, other) => one.or(other).map(str::to_owned),
    }
}

fn date(message: &Message<'_>) -> Option<Timestamp> {
    Timestamp::from_second(message.date()?.to_timestamp()).ok()
}

/// The first part of a kind; attachments are parts of another kind.
fn part<'a>(
    message: &'a Message<'_>,
    of_kind: impl Fn(&'a PartType<'a>) -> Option<&'a std::borrow::Cow<'a, str>>,
) -> String {
    let found = message.parts.iter().find_map(|part| of_kind(&part.body));
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

    fn read(raw: &str) -> Mail {
        let received = Received {
            from: "envelope@example.com".into(),
            to: vec!["Ada@Example.com".into()],
            raw: raw.replace('\n', "\r\n").into_bytes(),
        };
        Mail::read(Uuid::nil(), Timestamp::UNIX_EPOCH, received)
    }

    #[test]
    fn both_parts_are_decoded() {
        let mail = read(
            "From: =?utf-8?q?B=C3=BCcher?= <shop@example.com>\nDate: Sun, 1 Mar 2026 13:00:00 +0100\n\
             Subject: =?utf-8?b?R3LDvMOfZQ==?=\nContent-Type: multipart/alternative; boundary=x\n\n\
             --x\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n\
             Gr=C3=BC=C3=9Fe\n--x\nContent-Type: text/html; charset=utf-8\n\n<p>Hi</p>\n--x--\n",
        );
        assert_eq!(mail.from, "Bücher <shop@example.com>");
        assert_eq!(mail.subject, "Grüße");
        assert_eq!(mail.date.to_string(), "2026-03-01T12:00:00Z");
        assert_eq!((mail.text.trim(), mail.html.trim()), ("Grüße", "<p>Hi</p>"));
        assert_eq!(mail.headers[1].name, "Date");
        assert!(mail.is_to("ada@example.COM") && !mail.is_to("a@example.com"));
    }

    #[test]
    fn what_a_mail_does_not_say_comes_from_the_envelope_and_the_clock() {
        let mail = read("Subject: x\n\nhello\n");
        assert_eq!((&*mail.from, mail.date), ("envelope@example.com", Timestamp::UNIX_EPOCH));
        assert_eq!((mail.text.trim(), &*mail.html), ("hello", ""));
        assert_eq!(read("").text, "");
    }

    #[test]
    fn many_tiny_headers_cost_what_they_take() {
        let mail = read(&format!("{}\nhello\n", "a:\n".repeat(100_000)));
        assert_eq!((mail.headers.len(), mail.text.trim()), (MAX_HEADERS, "hello"));
        assert!(mail.size() > MAX_HEADERS * size_of::<Header>(), "{}", mail.size());
    }
}
