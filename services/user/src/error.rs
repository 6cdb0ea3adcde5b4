//! Errors of the user service and their gRPC status.

use std::time::Duration;

use kit::grpc::status::{self, DOMAIN};
use kit::postgres;
use sqlx::error::Error as SqlError;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::domain::account::LastAdmin;
use crate::domain::address_book::AddressBookFull;
use crate::domain::password::PasswordError;
use crate::domain::sealed_token::SealError;
use crate::jwk::KeysError;

/// Suggested delay before a retry while the hashing queue is full: the time of a few sign-ins.
const BUSY_RETRY_AFTER: Duration = Duration::from_secs(2);

/// Errors of the user service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The account or address does not exist.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// Another account has this e-mail address.
    #[error("an account with this e-mail address already exists")]
    EmailTaken,
    /// No account has this e-mail address and this password.
    #[error("the e-mail address or the password is wrong")]
    InvalidCredentials,
    /// The account is disabled. Returned only if the password is correct.
    #[error("this account is disabled")]
    AccountDisabled,
    /// Too many failed sign-in attempts with one e-mail address.
    #[error("too many sign-in attempts with this e-mail address")]
    TooManyAttempts(Duration),
    /// The account has caused too many verification mails.
    #[error("too many verification mails were requested")]
    TooManyMails(Duration),
    /// The hashing queue is full, or a password waited in it for too long.
    #[error("too many passwords are waiting to be hashed")]
    Busy,
    /// The short hashing queue of sign-ins from unknown networks is full, a password waited in it
    /// for too long, or the account has all places of its share of the queue.
    #[error("too many sign-ins are waiting")]
    Crowded,
    /// The refresh token is unknown, expired or reused, or its session ended.
    #[error("the refresh token is invalid: sign in again")]
    InvalidRefreshToken,
    /// The password reset token is unknown, used or expired.
    #[error("is invalid or expired")]
    InvalidResetToken,
    /// The token that verifies an e-mail address is unknown, used or expired.
    #[error("is invalid or expired")]
    InvalidVerificationToken,
    /// The new e-mail address is that of the account.
    #[error("is the present address of this account")]
    EmailUnchanged,
    /// The current password does not match.
    #[error("is not the password of this account")]
    WrongPassword,
    /// The new password is not acceptable.
    #[error("{1}")]
    Password(&'static str, PasswordError),
    /// The change would leave no administrator who can sign in.
    #[error(transparent)]
    LastAdmin(#[from] LastAdmin),
    /// The address book is full.
    #[error(transparent)]
    TooManyAddresses(#[from] AddressBookFull),
    /// The wishlist is full.
    #[error("the wishlist already contains {0} products")]
    WishlistFull(i64),
    /// JWT_SIGNING_KEYS is not set.
    #[error("no signing key for access tokens")]
    NoSigningKeys,
    /// The key set in the file of JWT_SIGNING_KEYS is invalid.
    #[error("JWT_SIGNING_KEYS")]
    Keys(#[from] KeysError),
    /// An access token could not be signed.
    #[error("cannot sign an access token")]
    Sign(#[source] jsonwebtoken::errors::Error),
    /// The successor of a refresh token could not be sealed, or a stored one not opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// bcrypt failed to hash or compare a password.
    #[error("cannot hash a password")]
    Hash(#[from] bcrypt::BcryptError),
    /// The task that hashes a password panicked.
    #[error("cannot hash a password")]
    Thread(#[from] tokio::task::JoinError),
    /// A column contains a value that this program never writes.
    #[error("{0} contains an unknown value")]
    UnknownValue(&'static str),
    /// A database operation failed.
    #[error("database operation failed")]
    Database(#[from] SqlError),
    /// The notification service rejected a mail or did not respond.
    #[error("the notification service did not accept a mail")]
    Mail(#[source] Box<Status>),
    /// An operation exceeded its time limit.
    #[error("timed out: {0}")]
    TimedOut(&'static str),
    /// A setting is invalid, or the process's runtime failed.
    #[error(transparent)]
    Kit(#[from] kit::Error),
}

impl Error {
    /// Maps an error of the INSERT of an account to the constraint that it violates.
    pub(crate) fn from_user_insert(error: SqlError) -> Self {
        match postgres::constraint(&error) {
            Some("users_email_key") => Self::EmailTaken,
            _ => error.into(),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::NotFound(what) => status::not_found(what),
            Error::EmailTaken => status::already_exists("email", "email_taken", text),
            Error::InvalidCredentials => {
                with_reason(Code::Unauthenticated, "invalid_credentials", text)
            }
            Error::AccountDisabled => with_reason(Code::PermissionDenied, "account_disabled", text),
            Error::TooManyAttempts(wait) => resource_exhausted("too_many_attempts", wait, text),
            Error::TooManyMails(wait) => resource_exhausted("rate_limited", wait, text),
            // RESOURCE_EXHAUSTED and not UNAVAILABLE, because requests that need no password still
            // succeed.
            Error::Busy => resource_exhausted("overloaded", BUSY_RETRY_AFTER, text),
            Error::Crowded => resource_exhausted("rate_limited", BUSY_RETRY_AFTER, text),
            Error::InvalidRefreshToken => {
                with_reason(Code::Unauthenticated, "invalid_refresh_token", text)
            }
            Error::InvalidResetToken | Error::InvalidVerificationToken => {
                status::invalid_argument("token", text)
            }
            Error::EmailUnchanged => status::invalid_argument("email", text),
            Error::WrongPassword => status::invalid_argument("current_password", text),
            Error::Password(field, _) => status::invalid_argument(field, text),
            Error::LastAdmin(_) => status::failed_precondition("last_admin", text),
            Error::TooManyAddresses(_) => status::failed_precondition("too_many_addresses", text),
            Error::WishlistFull(_) => status::failed_precondition("wishlist_full", text),
            Error::TimedOut(_) | Error::Mail(_) => status::unavailable(postgres::RETRY_AFTER),
            Error::NoSigningKeys => {
                tracing::error!("{text}: set JWT_SIGNING_KEYS");
                status::unavailable(postgres::RETRY_AFTER)
            }
            Error::UnknownValue(_)
            | Error::Kit(_)
            | Error::Keys(_)
            | Error::Sign(_)
            | Error::Seal(_)
            | Error::Hash(_)
            | Error::Thread(_) => status::internal(&error),
            Error::Database(ref cause) => postgres::status(cause),
        }
    }
}

fn with_reason(code: Code, reason: &str, text: String) -> Status {
    status::with_reason(code, reason, text, [])
}

fn resource_exhausted(reason: &str, wait: Duration, text: String) -> Status {
    let mut details = ErrorDetails::with_retry_info(Some(wait));
    details.set_error_info(reason, DOMAIN, []);
    Status::with_error_details(Code::ResourceExhausted, text, details)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The gateway opens its circuit breaker for a service that returns UNAVAILABLE; a flood of
    /// sign-ins would block all other requests.
    #[test]
    fn full_hashing_queue_is_resource_exhausted() {
        let status = Status::from(Error::Busy);
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(status::reason_of(&status).as_deref(), Some("overloaded"));
        assert_eq!(status::retry_after_of(&status), Some(BUSY_RETRY_AFTER));
        let status = Status::from(Error::Crowded);
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(status::reason_of(&status).as_deref(), Some("rate_limited"));
        assert_eq!(status::retry_after_of(&status), Some(BUSY_RETRY_AFTER));
    }
}
