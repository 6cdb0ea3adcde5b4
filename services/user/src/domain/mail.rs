//! Mails in the outbox.

use std::time::Duration;

use jiff::SignedDuration;
use kit::backoff::Backoff;
use wire::Email;

use super::ids::{MailId, UserId};

/// The delays between delivery attempts. The maximum bounds the delay after an outage ends.
const BACKOFF: Backoff = Backoff::new(Duration::from_secs(2), Duration::from_secs(5 * 60));

/// The maximum number of password reset mails that an account gets within the lifetime of a token.
/// A caller that requests more either has a token already or does not own the account.
pub const MAX_RESET_MAILS: i64 = 5;

/// The lifetime of a password reset token.
pub const RESET_TTL: SignedDuration = SignedDuration::from_hours(1);

/// The lifetime of a token that verifies an e-mail address.
pub const VERIFICATION_TTL: SignedDuration = SignedDuration::from_hours(24);

/// The kind of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailKind {
    /// Sent after the first verification of the address.
    Welcome,
    /// Sent after a password reset request, whose address may have no account. The token is created
    /// when the mail is sent, and only its digest is stored.
    PasswordReset,
    /// Sent when sign-ins with an address, which may have no account, begin to be throttled.
    SignInThrottled,
    /// Sent to an address that is to be verified, also to the new address of an account. The token
    /// is created when the mail is sent, and only its digest is stored.
    EmailVerification,
    /// Notice to the former address of an account.
    EmailChanged,
}

impl MailKind {
    /// Parses the name of a kind.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "welcome" => Some(Self::Welcome),
            "password_reset" => Some(Self::PasswordReset),
            "sign_in_throttled" => Some(Self::SignInThrottled),
            "email_verification" => Some(Self::EmailVerification),
            "email_changed" => Some(Self::EmailChanged),
            _ => None,
        }
    }
}

/// A mail that the outbox worker has leased.
#[derive(Clone)]
pub struct Mail {
    /// Unique identifier, also the idempotency key.
    pub id: MailId,
    /// Kind of the mail.
    pub kind: MailKind,
    /// Account of a verification mail; `None` for other kinds.
    pub user: Option<UserId>,
    /// Address of the recipient.
    pub email: Email,
    /// First name for the salutation; may be empty.
    pub first_name: String,
    /// Number of delivery attempts, including the current one.
    pub attempts: i32,
}

impl Mail {
    /// Returns the exponential backoff after a failed attempt: 2 s, 4 s, 8 s, …
    #[must_use]
    pub fn backoff(&self) -> Duration {
        BACKOFF.delay(u32::try_from(self.attempts).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_five_minutes() {
        let backoff = |attempts| {
            let (kind, email) = (MailKind::Welcome, Email::new("a@example.com").unwrap());
            let id = MailId(uuid::Uuid::nil());
            let first_name = String::new();
            Mail { id, kind, user: None, email, first_name, attempts }.backoff().as_secs()
        };
        assert_eq!([1, 2, 3, 8, 9, 40, i32::MAX].map(backoff), [2, 4, 8, 256, 300, 300, 300]);
    }
}
