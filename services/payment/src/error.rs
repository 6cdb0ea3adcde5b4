//! What can go wrong, and what callers are told of it.

use kit::{grpc::status, postgres};
use sqlx::error::Error as SqlError;
use tonic::{Code, Status};

use crate::{
    domain::{
        method::MAX_METHODS,
        transaction::{Hindrance, Refusal},
    },
    provider::Unknown,
};

/// Everything that can go wrong in the payment service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such method or transaction, or it is somebody else's.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The state of what was named does not allow it, and never will.
    #[error("{}", .0.sentence())]
    Refused(Refusal),
    /// An earlier request is not finished, and this one depends on it.
    #[error("an earlier request is not finished: ask again")]
    Busy,
    /// The key and the id of a void are of two authorisations.
    #[error("is not the key of this authorisation")]
    OtherAuthorization,
    /// The customer has as many methods as they may.
    #[error("there are {MAX_METHODS} payment methods already: remove one first")]
    TooManyMethods,
    /// What the provider did is not known.
    #[error("the provider gave no answer")]
    Provider(#[source] ProviderError),
    /// The database holds something that this program never writes.
    #[error("{0} holds a value that this version does not know")]
    Stored(&'static str),
    /// The database did not do what it was asked.
    #[error("the database failed")]
    Database(#[from] SqlError),
    /// The database did not answer.
    #[error("it took too long to {0}")]
    TimedOut(&'static str),
    /// A setting or the process around the service is at fault.
    #[error(transparent)]
    Kit(#[from] kit::Error),
}

/// Why there is no answer from the provider.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ProviderError(Unknown);

impl From<Unknown> for Error {
    fn from(unknown: Unknown) -> Self {
        Self::Provider(ProviderError(unknown))
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Hindrance> for Error {
    fn from(hindrance: Hindrance) -> Self {
        match hindrance {
            Hindrance::Refused(refusal) => Self::Refused(refusal),
            Hindrance::Busy => Self::Busy,
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::NotFound(what) => status::not_found(what),
            Error::Refused(refusal) => status::failed_precondition(refusal.as_str(), text),
            Error::Busy => status::with_reason(Code::Aborted, "request_in_progress", text, []),
            Error::OtherAuthorization => status::invalid_argument("authorize_key", text),
            Error::TooManyMethods => status::failed_precondition("too_many_payment_methods", text),
            Error::Provider(ref cause) => of_provider(cause),
            Error::TimedOut(_) => status::unavailable(postgres::RETRY_AFTER),
            Error::Stored(_) | Error::Kit(_) => status::internal(&error),
            Error::Database(ref cause) => postgres::status(cause),
        }
    }
}

/// Never a decline: the money may have moved, and the same key will tell.
fn of_provider(error: &ProviderError) -> Status {
    tracing::warn!(error = error as &dyn std::error::Error, "the provider gave no answer");
    match error.0 {
        Unknown::TimedOut => Status::deadline_exceeded("the provider took too long: ask again"),
        Unknown::Lost | Unknown::Absent | Unknown::Failed(_) => {
            status::unavailable(postgres::RETRY_AFTER)
        }
    }
}
