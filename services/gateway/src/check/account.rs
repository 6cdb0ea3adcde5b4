//! What accounts and addresses are made of. As with texts, the services have the last word.

use std::ops::RangeInclusive;

use wire::Email;

use super::Check;

/// Bytes of a password: what bcrypt looks at, and not less than is worth anything.
const PASSWORD_BYTES: RangeInclusive<usize> = 8..=72;

impl Check {
    /// An e-mail address.
    pub(crate) fn email(&mut self, name: &str, text: Option<String>) -> Option<String> {
        let email = Email::new(&text?);
        if email.is_none() {
            self.fail(name, "invalid_email", "must be an e-mail address");
        }
        email.map(|email| email.as_str().to_owned())
    }

    /// A password to be; `email` is the address it must not be, where that is known.
    pub(crate) fn new_password(
        &mut self,
        name: &str,
        text: Option<String>,
        email: Option<&str>,
    ) -> Option<String> {
        let text = text?;
        let same = |email: &str| email.to_lowercase() == text.trim().to_lowercase();
        if text.len() < *PASSWORD_BYTES.start() || text.trim().is_empty() {
            self.fail(name, "too_short", "must have at least 8 bytes and not be blank");
        } else if text.len() > *PASSWORD_BYTES.end() {
            self.fail(name, "too_long", "must have at most 72 bytes");
        } else if email.is_some_and(same) {
            self.fail(name, "invalid", "must not be the e-mail address");
        } else {
            return Some(text);
        }
        None
    }

    /// A text that is there, whatever it says: a password, a token.
    pub(crate) fn filled(&mut self, name: &str, text: Option<String>) -> Option<String> {
        let text = text?;
        if text.is_empty() {
            self.fail(name, "too_short", "must not be empty");
            return None;
        }
        Some(text)
    }

    /// A country of ISO 3166-1, in capitals or not.
    pub(crate) fn country(&mut self, name: &str, text: Option<String>) -> Option<String> {
        let code = text?.trim().to_ascii_uppercase();
        if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Some(code);
        }
        self.fail(name, "unknown_value", "must be a country of ISO 3166-1, such as US");
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Check;

    fn refusal(password: &str) -> Option<String> {
        let mut check = Check::new();
        check.new_password("password", Some(password.to_owned()), Some("ada@example.com"));
        check.errors.into_iter().next().map(|error| error.code)
    }

    #[test]
    fn passwords_are_counted_in_bytes_and_are_no_blanks_and_no_addresses() {
        for good in ["12345678", "ünüñü!", &"a".repeat(72), " 1234567", "日本語"] {
            assert_eq!(refusal(good), None, "{good}");
        }
        for (bad, code) in [
            ("1234567", "too_short"),
            ("          ", "too_short"),
            (&"ü".repeat(37), "too_long"),
            ("Ada@Example.com", "invalid"),
        ] {
            assert_eq!(refusal(bad).as_deref(), Some(code), "{bad}");
        }
    }
}
