//! E-mail addresses.

use std::fmt;

use crate::Fields;

/// The longest address that can be delivered to (RFC 5321, 4.5.3.1.3), in bytes.
const MAX_BYTES: usize = 254;
/// The longest part before the @ (RFC 5321, 4.5.3.1.1), in bytes.
const MAX_LOCAL_BYTES: usize = 64;
/// The longest part of a domain between two points (RFC 1035, 2.3.4), in bytes.
const MAX_LABEL_BYTES: usize = 63;
/// What the part before the @ is made of besides letters and digits (RFC 5322, 3.2.3). Quotes, which
/// would allow everything, nobody has: a mail program that meets one may read another address.
const LOCAL_SIGNS: &str = "!#$%&'*+-/=?^_`{|}~.";

/// An e-mail address as somebody wrote it, less the blanks around it. It has the form of one; only a
/// mail that arrives shows that it is one. `Debug` does not show it, for logs must not.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// The address in `text`, if it has the form of one.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@')?;
        let fits = |c: char| match c.is_ascii() {
            true => c.is_ascii_alphanumeric() || LOCAL_SIGNS.contains(c),
            false => !c.is_whitespace() && !c.is_control(),
        };
        let label = |label: &str| {
            (1..=MAX_LABEL_BYTES).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        };
        let sound = !local.is_empty()
            && local.len() <= MAX_LOCAL_BYTES
            && text.len() <= MAX_BYTES
            && local.chars().all(fits)
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && domain.split('.').all(label);
        sound.then(|| Self(text.to_owned()))
    }

    /// The address as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What two ways of writing the same address have in common: its small letters.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

impl Fields {
    /// An e-mail address that must be there.
    pub fn email(&mut self, field: &str, text: &str) -> Option<Email> {
        if text.trim().is_empty() {
            return self.reject(field, "is required");
        }
        Email::new(text).or_else(|| self.reject(field, "must be an e-mail address"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_from_what_is_none() {
        for text in [
            "ada@example.com",
            " A.da+shop@mail.example ",
            "a@localhost",
            "ü@bücher.example",
            "o'b_#1@x.co",
        ] {
            assert!(Email::new(text).is_some(), "{text}");
        }
        let long = format!("{}@example.com", "a".repeat(65));
        let long_label = format!("a@{}.com", "a".repeat(64));
        for text in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "a@b@c",
            "a b@example.com",
            "a@exa mple.com",
            "a@example.com\r\nBcc: b@example.com",
            "a..b@example.com",
            "a@-x.com",
            "a@x..com",
            "<a@example.com>",
            "a(b)@example.com",
            "a:b@example.com",
            "a\\b@example.com",
            "[a]@example.com",
            &long,
            &long_label,
        ] {
            assert!(Email::new(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_key_ignores_case_and_debug_shows_nothing() {
        let email = Email::new(" Ada@Example.COM").unwrap();
        assert_eq!(email.as_str(), "Ada@Example.COM");
        assert_eq!(email.key(), "ada@example.com");
        assert_eq!(format!("{email:?}"), "Email(…)");
    }
}
