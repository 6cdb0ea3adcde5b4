//! Ids and keys, each a type of its own, so that none is passed for another.

use std::fmt;

pub use wire::{OrderId, UserId};

wire::id! {
    /// A saved payment method.
    MethodId
}
wire::id! {
    /// A movement of money; the provider knows the request for it by this id.
    TransactionId
}

/// The longest key, in characters.
pub const MAX_KEY_CHARS: usize = 255;

/// The key that a caller gives a request, so that a repeat is known for one: 1 to
/// [`MAX_KEY_CHARS`] printable characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// The key, if `text` can be one.
    pub fn new(text: &str) -> Option<Self> {
        let fits = (1..=MAX_KEY_CHARS).contains(&text.chars().count());
        (fits && !text.contains(char::is_control)).then(|| Self(text.to_owned()))
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the provider calls a card. It is worth money to whoever holds it and our account with the
/// provider: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The provider's word.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// As the provider gave it.
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
    fn keys_are_printable_and_of_a_bounded_length() {
        for text in ["a", "order:1 authorize", "ä", &"x".repeat(255)] {
            assert!(Key::new(text).is_some(), "{text}");
        }
        for text in ["", "a\nb", "\u{7f}", &"x".repeat(256)] {
            assert!(Key::new(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_token_does_not_show_itself() {
        assert_eq!(format!("{:?}", Token::new("secret")), "Token(…)");
    }
}
