//! What can go wrong, and what callers are told of it.

use std::time::Duration;

use kit::{
    grpc::status::{self, DOMAIN},
    postgres,
};
use sqlx::error::Error as SqlError;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use crate::{
    domain::{account::LastAdmin, address_book::Full, password::PasswordError},
    keys::KeysError,
};

/// When it is worth asking again while passwords wait to be hashed: a few sign-ins later.
const BUSY_PAUSE: Duration = Duration::from_secs(2);

/// Everything that can go wrong in the user service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such account or address.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Another account has this e-mail address.
    #[error("an account with this e-mail address exists")]
    EmailTaken,
    /// No account has this e-mail address and this password.
    #[error("the e-mail address or the password is wrong")]
    InvalidCredentials,
    /// The account is disabled, and whoever asks knows its password.
    #[error("this account is disabled")]
    AccountDisabled,
    /// Too many failed attempts with one e-mail address.
    #[error("too many attempts to sign in with this e-mail address")]
    TooManyAttempts(Duration),
    /// More passwords wait to be hashed than can be soon.
    #[error("too many passwords wait to be hashed")]
    Busy,
    /// A refresh token that nobody has, that was used, or whose session ended.
    #[error("the refresh token is not valid: sign in again")]
    InvalidRefreshToken,
    /// A token for a new password that nobody has, or that was used or is too old.
    #[error("is not valid or too old")]
    InvalidResetToken,
    /// The password of now is another one.
    #[error("is not the password of this account")]
    WrongPassword,
    /// A new password cannot be one.
    #[error("{1}")]
    Password(&'static str, PasswordError),
    /// The shop would be without administrators.
    #[error(transparent)]
    LastAdmin(#[from] LastAdmin),
    /// The address book is full.
    #[error(transparent)]
    TooManyAddresses(#[from] Full),
    /// The wishlist is full.
    #[error("there are {0} products on the wishlist already")]
    WishlistFull(i64),
    /// JWT_SIGNING_KEYS is not set.
    #[error("there is no key to sign access tokens with")]
    NoSigningKeys,
    /// The file of JWT_SIGNING_KEYS cannot be used.
    #[error("JWT_SIGNING_KEYS")]
    Keys(#[from] KeysError),
    /// An access token could not be signed.
    #[error("cannot sign an access token")]
    Sign(#[source] jsonwebtoken::errors::Error),
    /// A password could not be hashed or compared.
    #[error("cannot hash a password")]
    Hash(#[from] bcrypt::BcryptError),
    /// A thread that hashes panicked.
    #[error("cannot hash a password")]
    Thread(#[from] tokio::task::JoinError),
    /// The database holds something that this program never writes.
    #[error("{0} holds a value that this version does not know")]
    Stored(&'static str),
    /// The database did not do what it was asked.
    #[error("the database failed")]
    Database(#[from] SqlError),
    /// The notification service did not take a mail.
    #[error("the notification service did not take a mail")]
    Mail(#[source] Box<Status>),
    /// Somebody did not answer.
    #[error("it took too long to {0}")]
    TimedOut(&'static str),
    /// A setting or the process around the service is at fault.
    #[error(transparent)]
    Kit(#[from] kit::Error),
}

impl Error {
    /// What a failed INSERT of an account means.
    pub(crate) fn of_user_write(error: SqlError) -> Self {
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
            Error::EmailTaken => status::already_exists("email_taken", text),
            Error::InvalidCredentials => {
                refused(Code::Unauthenticated, "invalid_credentials", text)
            }
            Error::AccountDisabled => refused(Code::PermissionDenied, "account_disabled", text),
            Error::TooManyAttempts(wait) => exhausted("too_many_attempts", wait, text),
            // Not UNAVAILABLE: what needs no password is done as ever.
            Error::Busy => exhausted("overloaded", BUSY_PAUSE, text),
            Error::InvalidRefreshToken => {
                refused(Code::Unauthenticated, "invalid_refresh_token", text)
            }
            Error::InvalidResetToken => status::invalid_argument("token", text),
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
            Error::Stored(_)
            | Error::Kit(_)
            | Error::Keys(_)
            | Error::Sign(_)
            | Error::Hash(_)
            | Error::Thread(_) => status::internal(&error),
            Error::Database(ref cause) => postgres::status(cause),
        }
    }
}

fn refused(code: Code, reason: &str, text: String) -> Status {
    status::with_reason(code, reason, text, [])
}

fn exhausted(reason: &str, wait: Duration, text: String) -> Status {
    let mut details = ErrorDetails::with_retry_info(Some(wait));
    details.set_error_info(reason, DOMAIN, []);
    Status::with_error_details(Code::ResourceExhausted, text, details)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The gateway leaves a service alone that is UNAVAILABLE; a flood of sign-ins would shut out
    /// everybody.
    #[test]
    fn a_full_queue_of_passwords_says_nothing_of_the_rest() {
        let status = Status::from(Error::Busy);
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(status::reason_of(&status).as_deref(), Some("overloaded"));
        assert_eq!(status::retry_after_of(&status), Some(BUSY_PAUSE));
    }
}
