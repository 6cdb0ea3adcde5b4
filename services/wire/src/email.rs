//! E-mail addresses.

use std::fmt;

use crate::{Fields, nfc};

/// Maximum length of a deliverable address (RFC 5321, 4.5.3.1.3), in bytes.
const MAX_BYTES: usize = 254;
/// Maximum length of the local part, before the @ (RFC 5321, 4.5.3.1.1), in bytes.
const MAX_LOCAL_BYTES: usize = 64;
/// Maximum length of a label of the domain (RFC 1035, 2.3.4), in bytes.
const MAX_LABEL_BYTES: usize = 63;
/// The characters of the local part besides letters and digits (RFC 5322, 3.2.3). Quoted local
/// parts, which would allow any character, are rejected: they are not in use, and mail programs may
/// parse them as another address.
const LOCAL_SPECIALS: &str = "!#$%&'*+-/=?^_`{|}~.";

/// An e-mail address as it was entered, in NFC and without surrounding whitespace.
///
/// Only its syntax is validated; only the delivery of a mail shows whether the address exists.
/// `Debug` hides it, because it must not be logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Parses an address; `None` when the syntax is invalid.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = &nfc(text.trim());
        let (local, domain) = text.rsplit_once('@')?;
        let is_local = |c: char| match c.is_ascii() {
            true => c.is_ascii_alphanumeric() || LOCAL_SPECIALS.contains(c),
            // No marks and no format characters, which are invisible.
            false => c.is_alphanumeric(),
        };
        let is_label = |label: &str| {
            (1..=MAX_LABEL_BYTES).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        };
        let valid = !local.is_empty()
            && local.len() <= MAX_LOCAL_BYTES
            && text.len() <= MAX_BYTES
            && local.chars().all(is_local)
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..")
            && domain.split('.').all(is_label);
        valid.then(|| Self(text.to_owned()))
    }

    /// The address as it was entered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the key for comparison: the address in lower case.
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
    /// Validates a required e-mail address.
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
    fn valid_and_invalid_addresses_are_distinguished() {
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
            "a\u{200b}@example.com", // zero-width space
            "\u{202e}a@example.com", // right-to-left override
            "a\u{ad}@example.com",   // soft hyphen
            &long,
            &long_label,
        ] {
            assert!(Email::new(text).is_none(), "{text}");
        }
    }

    #[test]
    fn key_ignores_case_and_debug_hides_the_address() {
        let email = Email::new(" Ada@Example.COM").unwrap();
        assert_eq!(email.as_str(), "Ada@Example.COM");
        assert_eq!(email.key(), "ada@example.com");
        assert_eq!(format!("{email:?}"), "Email(…)");
    }

    #[test]
    fn composed_and_decomposed_addresses_are_the_same() {
        let composed = Email::new("jos\u{e9}@b\u{fc}cher.example").unwrap();
        assert_eq!(Email::new("jose\u{301}@bu\u{308}cher.example"), Some(composed));
    }
}
