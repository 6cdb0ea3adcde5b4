//! Parsing of the fields that only this service's requests have.

use tonic::Status;
use wire::Fields;

use crate::domain::account::Role;
use crate::domain::ids::UserId;
use crate::domain::name::looks_like_link;
use crate::domain::password::{Password, PasswordError};

const MAX_NAME_CHARS: usize = 100;
const MAX_PHONE_CHARS: usize = 32;
const MAX_URL_CHARS: usize = 2_000;

/// Parses a request whose only field is the id of an account.
pub(super) fn user_id(text: &str) -> Result<UserId, Status> {
    let mut fields = Fields::default();
    let user = fields.id("user_id", text);
    fields.finish(user)
}

/// Parsers of the service's own types.
pub(super) trait UserFields {
    /// Reads a new password.
    fn new_password(&mut self, field: &str, text: &str) -> Option<Password>;

    /// Reads a secret, which must not be empty. Its validity is checked later.
    fn secret<'a>(&mut self, field: &str, text: &'a str) -> Option<&'a str>;

    /// Reads a person's name, which may be empty and must not look like a link.
    fn name(&mut self, field: &str, text: &str) -> Option<String>;

    /// Reads a telephone number, which may be empty.
    fn phone(&mut self, field: &str, text: &str) -> Option<String>;

    /// Reads the URL of a picture, which may be empty.
    fn picture(&mut self, field: &str, text: &str) -> Option<String>;

    /// Reads a role; the inner `None` means that the role does not change.
    fn role_or_none(&mut self, field: &str, text: &str) -> Option<Option<Role>>;
}

impl UserFields for Fields {
    fn new_password(&mut self, field: &str, text: &str) -> Option<Password> {
        match Password::new(text) {
            Ok(password) => Some(password),
            Err(error) => self.reject(field, error.to_string()),
        }
    }

    fn secret<'a>(&mut self, field: &str, text: &'a str) -> Option<&'a str> {
        if text.is_empty() {
            return self.reject(field, PasswordError::Missing.to_string());
        }
        Some(text)
    }

    fn name(&mut self, field: &str, text: &str) -> Option<String> {
        if looks_like_link(text) {
            return self.reject(field, "must not look like a link");
        }
        self.line_or_empty(field, text, MAX_NAME_CHARS)
    }

    fn phone(&mut self, field: &str, text: &str) -> Option<String> {
        let part = |c: char| c.is_ascii_digit() || "+-. ()/x".contains(c);
        if !text.trim().chars().all(part) {
            return self.reject(field, "must be a telephone number");
        }
        self.line_or_empty(field, text, MAX_PHONE_CHARS)
    }

    fn picture(&mut self, field: &str, text: &str) -> Option<String> {
        let text = text.trim();
        let web = text.starts_with("https://") || text.starts_with("http://");
        if !text.is_empty() && (!web || text.contains(char::is_whitespace)) {
            return self.reject(field, "must begin with https:// or http://");
        }
        self.exact_line_or_empty(field, text, MAX_URL_CHARS)
    }

    fn role_or_none(&mut self, field: &str, text: &str) -> Option<Option<Role>> {
        match (text, Role::parse(text)) {
            ("", _) => Some(None),
            (_, Some(role)) => Some(Some(role)),
            (_, None) => self.reject(field, "must be customer or admin"),
        }
    }
}
