//! Passwords: which texts are acceptable, and the stored hash.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use wire::{Email, normalize_password};

use super::common_passwords;

/// The minimum length of a password in bytes.
const MIN_BYTES: usize = 8;

/// The maximum length of a password in bytes. bcrypt ignores further bytes, and every byte must
/// count.
pub const MAX_BYTES: usize = 72;

/// The reason why a text is not an acceptable password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// The text is empty.
    #[error("is required")]
    Missing,
    /// The text is too short or too long.
    #[error("must have {MIN_BYTES} to {MAX_BYTES} bytes")]
    Length,
    /// The text contains a control character (RFC 8265, section 4.2.2). bcrypt treats NUL as the
    /// end of the password.
    #[error("must not contain control characters")]
    ControlCharacter,
    /// The text has only white space.
    #[error("must not be blank")]
    Blank,
    /// The text is the account's e-mail address, which is not secret.
    #[error("must not be the e-mail address")]
    Email,
    /// The text is one of the 10,000 most used passwords, which are guessed first.
    #[error("is one of the most used passwords; choose another one")]
    Common,
}

/// A password to hash, in its normal form (NFC, RFC 8265). `Debug` and logs do not reveal it.
#[derive(Clone, Debug)]
pub struct Password(SecretString);

impl Password {
    /// Normalizes and validates a text as a new password: 8 to 72 bytes without control characters,
    /// not blank, and not one of the most used.
    ///
    /// # Errors
    /// Returns the rule that the text breaks.
    pub fn new(text: &str) -> Result<Self, PasswordError> {
        let text = normalize_password(text);
        match text.as_str() {
            "" => Err(PasswordError::Missing),
            _ if !(MIN_BYTES..=MAX_BYTES).contains(&text.len()) => Err(PasswordError::Length),
            _ if text.contains(char::is_control) => Err(PasswordError::ControlCharacter),
            _ if text.trim().is_empty() => Err(PasswordError::Blank),
            _ if common_passwords::contains(&text) => Err(PasswordError::Common),
            _ => Ok(Self(text.into())),
        }
    }

    /// Normalizes an account's present password, which may break the rules for new ones; `None` if
    /// its normal form cannot be hashed.
    #[must_use]
    pub fn from_verified(text: &str) -> Option<Self> {
        let text = normalize_password(text);
        (text.len() <= MAX_BYTES && !text.contains('\0')).then(|| Self(text.into()))
    }

    /// Validates that the password is acceptable for the account with this e-mail address.
    ///
    /// # Errors
    /// Returns [`PasswordError::Email`] if it equals the address, compared without case.
    pub fn for_account(self, email: &Email) -> Result<Self, PasswordError> {
        let same = self.0.expose_secret().trim().to_lowercase() == email.key();
        if same { Err(PasswordError::Email) } else { Ok(self) }
    }

    /// Returns the bytes to hash.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

/// A stored password: its bcrypt hash. `Debug` does not reveal it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Wraps a hash in bcrypt's text format.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// Returns the hash in bcrypt's text format.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(text: &str) -> Option<PasswordError> {
        let email = Email::new("ada.lovelace@example.com").unwrap();
        Password::new(text).and_then(|password| password.for_account(&email)).err()
    }

    #[test]
    fn password_length_is_measured_in_bytes() {
        assert_eq!(error_of("1234567"), Some(PasswordError::Length));
        assert_eq!(error_of("1234 678"), None);
        assert_eq!(error_of("üüüü"), None);
        assert_eq!(error_of(&"x".repeat(72)), None);
        assert_eq!(error_of(&"x".repeat(73)), Some(PasswordError::Length));
        assert_eq!(error_of(&"ü".repeat(37)), Some(PasswordError::Length));
    }

    #[test]
    fn blank_text_and_own_address_are_rejected() {
        assert_eq!(error_of(""), Some(PasswordError::Missing));
        assert_eq!(error_of("  \u{a0}     "), Some(PasswordError::Blank));
        assert_eq!(error_of("12345678\09"), Some(PasswordError::ControlCharacter));
        assert_eq!(error_of("1234\t5678 9"), Some(PasswordError::ControlCharacter));
        assert_eq!(error_of("Ada.Lovelace@EXAMPLE.com"), Some(PasswordError::Email));
        assert_eq!(error_of(" ada.lovelace@example.com"), Some(PasswordError::Email));
    }

    #[test]
    fn password_is_normalized_before_its_length_is_measured() {
        // 36 times e with an accent: 108 bytes decomposed, 72 composed.
        let decomposed = "e\u{301}".repeat(36);
        let password = Password::new(&decomposed).unwrap();
        assert_eq!(password.bytes(), "é".repeat(36).as_bytes());
        assert_eq!(error_of(&"e\u{301}".repeat(37)), Some(PasswordError::Length));
        // Nine bytes decomposed, six composed.
        assert_eq!(error_of("e\u{301}e\u{301}e\u{301}"), Some(PasswordError::Length));
        assert_eq!(error_of("\u{3000}\u{a0}\u{2003}     "), Some(PasswordError::Blank));
    }

    #[test]
    fn most_used_passwords_are_rejected_in_any_case() {
        for text in ["password", "PassWord1", "1q2w3e4r5t", "iloveyou", "12345678"] {
            assert_eq!(error_of(text), Some(PasswordError::Common), "{text}");
        }
        // An account may still have one.
        assert_eq!(Password::from_verified("password").unwrap().bytes(), b"password");
        assert!(Password::from_verified(&"x".repeat(73)).is_none());
    }

    #[test]
    fn debug_does_not_reveal_password_or_hash() {
        let shown = format!("{:?}", Password::new("correct horse").unwrap());
        assert!(!shown.contains("horse"), "{shown}");
        assert_eq!(format!("{:?}", PasswordHash::new("$2b$".into())), "PasswordHash(…)");
    }
}
