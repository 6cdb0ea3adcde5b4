//! Validation of accounts and addresses. The user service owns these rules and enforces them.

use std::ops::RangeInclusive;

use wire::{Email, normalize_password};

use super::Validator;

/// Length of a password in its normal form in bytes: bcrypt ignores what exceeds 72 bytes.
const PASSWORD_BYTES: RangeInclusive<usize> = 8..=72;

impl Validator {
    /// Validates an e-mail address.
    pub(crate) fn email(&mut self, name: &str, text: Option<String>) -> Option<String> {
        let email = Email::new(&text?);
        if email.is_none() {
            self.fail(name, "invalid_email", "must be an e-mail address");
        }
        email.map(|email| email.as_str().to_owned())
    }

    /// Validates a new password. It must not equal `email`, if that is known.
    pub(crate) fn new_password(
        &mut self,
        name: &str,
        text: Option<String>,
        email: Option<&str>,
    ) -> Option<String> {
        let text = text?;
        let normal = normalize_password(&text);
        let same = |email: &str| email.to_lowercase() == normal.trim().to_lowercase();
        if normal.len() < *PASSWORD_BYTES.start() || normal.trim().is_empty() {
            self.fail(name, "too_short", "must have at least 8 bytes and not be blank");
        } else if normal.len() > *PASSWORD_BYTES.end() {
            self.fail(name, "too_long", "must have at most 72 bytes");
        } else if normal.contains(char::is_control) {
            self.fail(name, "invalid", "must not contain control characters");
        } else if email.is_some_and(same) {
            self.fail(name, "invalid", "must not be the e-mail address");
        } else {
            return Some(text);
        }
        None
    }

    /// Validates text that must not be empty, such as a password or a token.
    pub(crate) fn non_empty(&mut self, name: &str, text: Option<String>) -> Option<String> {
        let text = text?;
        if text.is_empty() {
            self.fail(name, "too_short", "must not be empty");
            return None;
        }
        Some(text)
    }

    /// Validates the code of a country: see [`wire::parse_country`].
    pub(crate) fn country(&mut self, name: &str, text: Option<String>) -> Option<String> {
        match wire::parse_country(&text?) {
            Ok(code) => Some(code.to_owned()),
            Err(error) => {
                self.fail(name, "unknown_value", error.to_string());
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Validator;

    fn error_code(password: &str) -> Option<String> {
        let mut validator = Validator::new();
        validator.new_password("password", Some(password.to_owned()), Some("ada@example.com"));
        validator.errors.into_iter().next().map(|error| error.code)
    }

    #[test]
    fn password_length_is_in_bytes_and_blank_or_email_is_rejected() {
        let decomposed = "e\u{301}".repeat(36);
        for valid in ["12345678", "ünüñü!", &"a".repeat(72), " 1234567", "日本語", &decomposed]
        {
            assert_eq!(error_code(valid), None, "{valid}");
        }
        for (invalid, code) in [
            ("1234567", "too_short"),
            ("          ", "too_short"),
            (&"ü".repeat(37), "too_long"),
            ("e\u{301}e\u{301}e\u{301}", "too_short"),
            ("1234\t56789", "invalid"),
            ("Ada@Example.com", "invalid"),
        ] {
            assert_eq!(error_code(invalid).as_deref(), Some(code), "{invalid}");
        }
    }
}
