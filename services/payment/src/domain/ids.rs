//! Ids and keys, each with its own type, so that one cannot be passed in place of another.

use std::fmt;

pub use wire::{OrderId, UserId};

wire::id! {
    /// Id of a saved payment method.
    PaymentMethodId
}
wire::id! {
    /// Id of a transaction. It is also the idempotency key of the request to the provider.
    TransactionId
}

/// Longest idempotency key, in characters.
pub const MAX_KEY_CHARS: usize = 255;

/// Idempotency key of a caller's request, by which a retry is recognized: 1 to [`MAX_KEY_CHARS`]
/// printable characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Creates a key, if `text` is valid.
    pub fn new(text: &str) -> Option<Self> {
        let fits = (1..=MAX_KEY_CHARS).contains(&text.chars().count());
        (fits && !text.contains(char::is_control)).then(|| Self(text.to_owned()))
    }

    /// Returns the text of the key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Provider's token of a card. Together with the account at the provider it gives access to money:
/// `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// Creates a token from the provider's text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the provider's text.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idempotency_key_is_printable_and_bounded() {
        for text in ["a", "order:1 authorize", "ä", &"x".repeat(255)] {
            assert!(IdempotencyKey::new(text).is_some(), "{text}");
        }
        for text in ["", "a\nb", "\u{7f}", &"x".repeat(256)] {
            assert!(IdempotencyKey::new(text).is_none(), "{text}");
        }
    }

    #[test]
    fn token_debug_hides_value() {
        assert_eq!(format!("{:?}", Token::new("secret")), "Token(…)");
    }
}
