//! The message: headers around the two parts.

use std::time::SystemTime;

use askama::Template as _;
use jiff::Timestamp;
use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use uuid::Uuid;

use super::{
    Failure, Shop,
    parts::{Html, Text},
};
use crate::domain::content::Content;

/// Tells programs that answer mails that nobody reads an answer (RFC 3834).
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

/// A mail to be written.
pub(super) struct Letter<'a> {
    pub(super) id: Uuid,
    pub(super) created_at: Timestamp,
    pub(super) to: Address,
    pub(super) content: &'a Content,
}

impl Letter<'_> {
    /// Every attempt writes the same identity and date, so that a mail that arrives twice is known as
    /// one.
    pub(super) fn write(self, shop: &Shop) -> Result<Message, Failure> {
        let Self { id, created_at, to, content } = self;
        let subject = content.subject(&shop.name);
        let html =
            Html { shop, subject: &subject, content }.render().map_err(Failure::unwritable)?;
        let text = Text { shop, content }.render().map_err(Failure::unwritable)?;
        // The API lets no control character in, and the library panics at one.
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
            .map_err(Failure::unwritable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::{OrderCancelled, Welcome};

    fn shop() -> Shop {
        Shop {
            from: "Storefront <shop@example.com>".parse().unwrap(),
            name: "Storefront".into(),
            web_url: "https://shop.example.com".into(),
        }
    }

    fn write(content: &Content) -> String {
        let letter = Letter {
            id: Uuid::from_u128(1),
            created_at: Timestamp::UNIX_EPOCH,
            to: "ada@example.com".parse().unwrap(),
            content,
        };
        String::from_utf8(letter.write(&shop()).unwrap().formatted()).unwrap()
    }

    #[test]
    fn the_headers_are_those_of_one_mail_at_every_attempt() {
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

    /// What the API refuses cannot do harm here either.
    #[test]
    fn line_ends_in_names_make_no_headers() {
        let evil = "Ada\r\nBcc: eve@example.com\r\n\r\nbody";
        let mails = [
            Content::Welcome(Welcome { first_name: evil.into() }),
            Content::OrderCancelled(OrderCancelled {
                first_name: evil.into(),
                order: Uuid::nil(),
                reason: evil.into(),
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
    fn a_name_may_hold_any_character() {
        for chars in ('\0'..='\u{3000}').collect::<Vec<_>>().chunks(7) {
            let first_name = chars.iter().collect();
            write(&Content::Welcome(Welcome { first_name }));
        }
    }

    #[test]
    fn other_alphabets_arrive() {
        let mail = write(&Content::Welcome(Welcome { first_name: "Žofie 你好".into() }));
        assert!(mail.is_ascii(), "headers and parts are encoded");
        assert!(mail.contains("To: =?utf-8?"), "{mail}");
    }
}
