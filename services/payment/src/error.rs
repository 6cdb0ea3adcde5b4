//! Errors of the payment service, and their mapping to gRPC statuses.

use kit::grpc::status;
use kit::postgres;
use sqlx::error::Error as SqlError;
use tonic::{Code, Status};

use crate::domain::payment_method::MAX_METHODS;
use crate::domain::transaction::{Refusal, Rejection};
use crate::provider::UnknownOutcome;

/// Error of the payment service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The payment method or transaction does not exist, or it belongs to another customer.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// The state of the transaction does not allow the request, now or later.
    #[error("{}", .0.message())]
    Refused(Refusal),
    /// The request depends on an earlier request that has not finished.
    #[error("an earlier request is still in progress: retry later")]
    RequestInProgress,
    /// A void names the id of one authorization and the idempotency key of another.
    #[error("must be the idempotency key of the authorization")]
    OtherAuthorization,
    /// A void names no customer, and several customers have used the key of the authorization.
    #[error("is required: several customers have used the key of the authorization")]
    CustomerRequired,
    /// The customer has the maximum number of payment methods.
    #[error("the customer already has {MAX_METHODS} payment methods: remove one first")]
    TooManyMethods,
    /// The outcome at the provider is unknown.
    #[error("the outcome at the payment provider is unknown")]
    Provider(#[source] ProviderError),
    /// The database contains a value that this version never writes.
    #[error("unknown value in {0}")]
    UnknownStoredValue(&'static str),
    /// A database statement failed.
    #[error("database statement failed")]
    Database(#[from] SqlError),
    /// The database did not respond in time.
    #[error("timed out trying to {0}")]
    TimedOut(&'static str),
    /// A setting is invalid, or the runtime failed.
    #[error(transparent)]
    Kit(#[from] kit::Error),
}

/// Reason why the outcome at the provider is unknown.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ProviderError(UnknownOutcome);

impl From<UnknownOutcome> for Error {
    fn from(unknown: UnknownOutcome) -> Self {
        Self::Provider(ProviderError(unknown))
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Rejection> for Error {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Permanent(refusal) => Self::Refused(refusal),
            Rejection::InProgress => Self::RequestInProgress,
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::NotFound(what) => status::not_found(what),
            Error::Refused(refusal) => status::failed_precondition(refusal.as_str(), text),
            Error::RequestInProgress => {
                status::with_reason(Code::Aborted, "request_in_progress", text, [])
            }
            Error::OtherAuthorization => status::invalid_argument("authorize_key", text),
            Error::CustomerRequired => status::invalid_argument("user_id", text),
            Error::TooManyMethods => status::failed_precondition("too_many_payment_methods", text),
            Error::Provider(ref cause) => provider_status(cause),
            Error::TimedOut(_) => status::unavailable(postgres::RETRY_AFTER),
            Error::UnknownStoredValue(_) | Error::Kit(_) => status::internal(&error),
            Error::Database(ref cause) => postgres::status(cause),
        }
    }
}

/// Maps an unknown outcome. It is never a decline: the money may have moved, and a retry with the
/// same idempotency key returns the outcome.
fn provider_status(error: &ProviderError) -> Status {
    let source = error as &dyn std::error::Error;
    tracing::warn!(error = source, "payment provider call failed: outcome unknown");
    match error.0 {
        UnknownOutcome::TimedOut => {
            let text = "the payment provider timed out: retry with the same idempotency key";
            Status::deadline_exceeded(text)
        }
        UnknownOutcome::ReplyLost | UnknownOutcome::NotReceived | UnknownOutcome::Failed(_) => {
            status::unavailable(postgres::RETRY_AFTER)
        }
    }
}
