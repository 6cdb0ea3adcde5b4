//! The MIME message: headers, plain text and HTML parts.

use std::time::SystemTime;

use askama::Template as _;
use jiff::Timestamp;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};
use uuid::Uuid;

use super::parts::{Html, Text};
use super::{SendFailure, ShopIdentity};
use crate::domain::content::Content;

/// Header that asks auto-responders not to reply (RFC 3834).
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

/// The input of a message.
pub(super) struct MessageInput<'a> {
    pub(super) id: Uuid,
    pub(super) created_at: Timestamp,
    pub(super) to: Address,
    pub(super) content: &'a Content,
}

impl MessageInput<'_> {
    /// Builds the message. Every attempt has the same Message-ID and date, so that a mail that
    /// arrives twice is recognized as a duplicate.
    pub(super) fn build(self, shop: &ShopIdentity) -> Result<Message, SendFailure> {
        let Self { id, created_at, to, content } = self;
        let subject = content.subject(&shop.name);
        let html = Html { shop, subject: &subject, content }
            .render()
            .map_err(SendFailure::invalid_message)?;
        let text = Text { shop, content }.render().map_err(SendFailure::invalid_message)?;
        // The API rejects control characters. lettre panics if a name contains one.
        let name = content.first_name().replace(char::is_control, " ");
        let name = Some(name).filter(|name| !name.trim().is_empty());
        Message::builder()
            .from(shop.from.clone())
            .to(Mailbox::new(name, to))
            .subject(subject)
            .date(SystemTime::from(created_at))
            .message_id(Some(format!("<{id}@{}>", shop.from.email.domain())))
            .raw_header(HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned()))
            .multipart(MultiPart::alternative_plain_html(text, html))
            .map_err(SendFailure::invalid_message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::{OrderCancelled, OrderReference, Welcome};

    fn shop() -> ShopIdentity {
        ShopIdentity {
            from: "Storefront <shop@example.com>".parse().unwrap(),
            name: "Storefront".into(),
            web_url: "https://shop.example.com".into(),
            has_web_shop: true,
        }
    }

    fn write(content: &Content) -> String {
        let input = MessageInput {
            id: Uuid::from_u128(1),
            created_at: Timestamp::UNIX_EPOCH,
            to: "ada@example.com".parse().unwrap(),
            content,
        };
        String::from_utf8(input.build(&shop()).unwrap().formatted()).unwrap()
    }

    #[test]
    fn headers_are_the_same_at_every_attempt() {
        let mail = write(&Content::Welcome(Welcome { first_name: "Ada".into() }));
        for header in [
            "From: Storefront <shop@example.com>\r\n",
            "To: Ada <ada@example.com>\r\n",
            "Subject: Welcome to Storefront\r\n",
            "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n",
            "Message-ID: <00000000-0000-0000-0000-000000000001@example.com>\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Type: multipart/alternative;",
            "Content-Type: text/plain; charset=utf-8\r\n",
            "Content-Type: text/html; charset=utf-8\r\n",
        ] {
            assert!(mail.contains(header), "{header} in {mail}");
        }
    }

    /// Defense in depth: the API rejects these values too.
    #[test]
    fn line_breaks_in_names_inject_no_headers() {
        let malicious = "Ada\r\nBcc: eve@example.com\r\n\r\nbody";
        let mails = [
            Content::Welcome(Welcome { first_name: malicious.into() }),
            Content::OrderCancelled(OrderCancelled {
                first_name: malicious.into(),
                order: OrderReference { id: Uuid::nil(), number: malicious.into() },
                reason: malicious.into(),
            }),
        ];
        for content in mails {
            let mail = write(&content);
            let (headers, _) = mail.split_once("\r\n\r\n").unwrap();
            assert!(!headers.contains("\r\nBcc"), "{headers}");
            assert!(!headers.lines().any(|line| line.starts_with("body")), "{headers}");
        }
    }

    #[test]
    fn name_with_any_character_does_not_panic() {
        for chars in ('\0'..='\u{3000}').collect::<Vec<_>>().chunks(7) {
            let first_name = chars.iter().collect();
            write(&Content::Welcome(Welcome { first_name }));
        }
    }

    #[test]
    fn non_ascii_names_are_encoded() {
        let mail = write(&Content::Welcome(Welcome { first_name: "Žofie 你好".into() }));
        assert!(mail.is_ascii(), "headers and parts are encoded");
        assert!(mail.contains("To: =?utf-8?"), "{mail}");
    }
}
