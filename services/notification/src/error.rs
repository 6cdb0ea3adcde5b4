//! Errors of the notification service and their gRPC status.

use kit::grpc::status;
use kit::postgres;
use sqlx::error::Error as SqlError;
use tonic::Status;

use crate::domain::delivery::RetryRejection;

/// Errors of the notification service, except delivery failures, which are data.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The mail does not exist.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// The mail cannot be sent again.
    #[error("{}", reason_and_message(*.0).1)]
    RetryRejected(RetryRejection),
    /// A column contains a value that this program never writes.
    #[error("{0} contains an unknown value")]
    UnknownValue(&'static str),
    /// A database operation failed.
    #[error("database operation failed")]
    Database(#[from] SqlError),
    /// A database operation exceeded its time limit.
    #[error("timed out: {0}")]
    TimedOut(&'static str),
    /// A setting is invalid, or the process's runtime failed.
    #[error(transparent)]
    Kit(#[from] kit::Error),
}

impl From<RetryRejection> for Error {
    fn from(rejection: RetryRejection) -> Self {
        Self::RetryRejected(rejection)
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::NotFound(what) => status::not_found(what),
            Error::RetryRejected(rejection) => {
                status::failed_precondition(reason_and_message(rejection).0, text)
            }
            Error::TimedOut(_) => status::unavailable(postgres::RETRY_AFTER),
            Error::UnknownValue(_) | Error::Kit(_) => status::internal(&error),
            Error::Database(ref cause) => postgres::status(cause),
        }
    }
}

/// Returns the stable gRPC reason and the message of a rejected retry.
fn reason_and_message(rejection: RetryRejection) -> (&'static str, &'static str) {
    match rejection {
        RetryRejection::Sent => ("notification_sent", "this mail was delivered"),
        RetryRejection::Expired => ("notification_expired", "this mail has expired"),
    }
}
