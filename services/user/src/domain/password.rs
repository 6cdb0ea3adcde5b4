//! Passwords: what may be one, and what is kept of it.

use std::fmt;

use secrecy::{ExposeSecret as _, SecretString};
use wire::Email;

/// The fewest bytes of a password.
const MIN_BYTES: usize = 8;

/// The most bytes of a password: bcrypt looks at no more, and a password must count to its end.
pub const MAX_BYTES: usize = 72;

/// Why a text cannot be a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Nothing was given.
    #[error("is required")]
    Missing,
    /// Too few or too many bytes.
    #[error("must have {MIN_BYTES} to {MAX_BYTES} bytes")]
    Length,
    /// NUL, which ends a password for bcrypt.
    #[error("must not hold the character NUL")]
    Nul,
    /// Nothing but white space.
    #[error("must not be blank")]
    Blank,
    /// Everybody knows it.
    #[error("must not be the e-mail address")]
    Email,
}

/// A new password: 8 to 72 bytes without NUL, not blank. Neither `Debug` nor logs show it.
#[derive(Clone, Debug)]
pub struct Password(SecretString);

impl Password {
    /// Takes a text for a password.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(text: &str) -> Result<Self, PasswordError> {
        match text {
            "" => Err(PasswordError::Missing),
            _ if !(MIN_BYTES..=MAX_BYTES).contains(&text.len()) => Err(PasswordError::Length),
            _ if text.contains('\0') => Err(PasswordError::Nul),
            _ if text.trim().is_empty() => Err(PasswordError::Blank),
            _ => Ok(Self(text.into())),
        }
    }

    /// Whether it may be the password of the account with this e-mail address.
    ///
    /// # Errors
    /// When it is that address, in whatever case.
    pub fn of(self, email: &Email) -> Result<Self, PasswordError> {
        let same = self.0.expose_secret().trim().to_lowercase() == email.key();
        if same { Err(PasswordError::Email) } else { Ok(self) }
    }

    /// Its bytes, to be hashed.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.0.expose_secret().as_bytes()
    }
}

/// What is kept of a password: its bcrypt hash. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// As bcrypt wrote it.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// As bcrypt reads it.
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

    fn refused(text: &str) -> Option<PasswordError> {
        let email = Email::new("ada.lovelace@example.com").unwrap();
        Password::new(text).and_then(|password| password.of(&email)).err()
    }

    #[test]
    fn passwords_are_measured_in_bytes() {
        assert_eq!(refused("1234567"), Some(PasswordError::Length));
        assert_eq!(refused("12345678"), None);
        assert_eq!(refused("üüüü"), None);
        assert_eq!(refused(&"x".repeat(72)), None);
        assert_eq!(refused(&"x".repeat(73)), Some(PasswordError::Length));
        assert_eq!(refused(&"ü".repeat(37)), Some(PasswordError::Length));
    }

    #[test]
    fn blanks_and_the_own_address_are_no_passwords() {
        assert_eq!(refused(""), Some(PasswordError::Missing));
        assert_eq!(refused(" \t\u{a0}     "), Some(PasswordError::Blank));
        assert_eq!(refused("12345678\09"), Some(PasswordError::Nul));
        assert_eq!(refused("Ada.Lovelace@EXAMPLE.com"), Some(PasswordError::Email));
        assert_eq!(refused(" ada.lovelace@example.com"), Some(PasswordError::Email));
    }

    #[test]
    fn debug_shows_neither_password_nor_hash() {
        let shown = format!("{:?}", Password::new("correct horse").unwrap());
        assert!(!shown.contains("horse"), "{shown}");
        assert_eq!(format!("{:?}", PasswordHash::new("$2b$".into())), "PasswordHash(…)");
    }
}
