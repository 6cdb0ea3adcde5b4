//! What can go wrong, and what callers are told of it.

use kit::{grpc::status, postgres};
use sqlx::error::Error as SqlError;
use tonic::Status;

use crate::domain::delivery::Refusal;

/// Everything that can go wrong in the service, but for deliveries: how those fail is data.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such mail.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A mail cannot be sent again.
    #[error("{}", refusal(*.0).1)]
    Retry(Refusal),
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

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Retry(refusal)
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::NotFound(what) => status::not_found(what),
            Error::Retry(why) => status::failed_precondition(refusal(why).0, text),
            Error::TimedOut(_) => status::unavailable(postgres::RETRY_AFTER),
            Error::Stored(_) | Error::Kit(_) => status::internal(&error),
            Error::Database(ref cause) => postgres::status(cause),
        }
    }
}

/// A refusal's stable reason and its sentence.
fn refusal(refusal: Refusal) -> (&'static str, &'static str) {
    match refusal {
        Refusal::Sent => ("notification_sent", "this mail was delivered"),
        Refusal::Expired => ("notification_expired", "this mail would be of no use any more"),
    }
}
