//! Mails that are to be sent.

use jiff::SignedDuration;
use wire::Email;

use super::ids::MailId;

/// The longest pause between two attempts: an outage that ends is noticed within it.
const MAX_PAUSE: SignedDuration = SignedDuration::from_mins(5);

/// The most mails with a token for a new password that an account gets within the life of a token.
/// Whoever asks more often has the token, or is not its owner.
pub const MAX_RESET_MAILS: i64 = 5;

/// How long such a token is good.
pub const RESET_TTL: SignedDuration = SignedDuration::from_hours(1);

/// What a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Somebody made an account.
    Welcome,
    /// Somebody asked for a new password, perhaps for an address that no account has. The token is made
    /// when the mail is sent, and never kept.
    PasswordReset,
}

impl Kind {
    /// The kind of this word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        match word {
            "welcome" => Some(Self::Welcome),
            "password_reset" => Some(Self::PasswordReset),
            _ => None,
        }
    }
}

/// A mail that a worker has taken.
#[derive(Clone)]
pub struct Mail {
    /// Its id, and its idempotency key.
    pub id: MailId,
    /// What it is about.
    pub kind: Kind,
    /// Where it goes.
    pub email: Email,
    /// Whom it greets; may be empty.
    pub first_name: String,
    /// How often it was taken, this time included.
    pub attempts: i32,
}

impl Mail {
    /// How long to wait after an attempt that failed: 2 s, 4 s, 8 s, …
    #[must_use]
    pub fn pause(&self) -> SignedDuration {
        let doublings = u32::try_from(self.attempts).unwrap_or(0).min(30);
        SignedDuration::from_secs(1 << doublings).min(MAX_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_minutes() {
        let pause = |attempts| {
            let (kind, email) = (Kind::Welcome, Email::new("a@example.com").unwrap());
            let id = MailId(uuid::Uuid::nil());
            Mail { id, kind, email, first_name: String::new(), attempts }.pause().as_secs()
        };
        assert_eq!([1, 2, 3, 8, 9, 40, i32::MAX].map(pause), [2, 4, 8, 256, 300, 300, 300]);
    }
}
