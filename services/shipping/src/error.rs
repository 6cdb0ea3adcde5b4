//! What can go wrong, and what callers are told of it.

use kit::{grpc::status, postgres};
use sqlx::error::Error as SqlError;
use tonic::Status;

use crate::domain::{shipment::Refusal, status::StatusRefusal};

/// Everything that can go wrong in shipping.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such shipment.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The shipment is not made or moved.
    #[error("{}", says(*.0).1)]
    Refused(Refusal),
    /// Another parcel has the tracking number that was drawn.
    #[error("the tracking number is taken")]
    NumberTaken,
    /// The database holds something that this program never writes.
    #[error("{0} holds a value that this version does not know")]
    Stored(&'static str),
    /// The database did not do what it was asked.
    #[error("the database failed")]
    Database(#[from] SqlError),
    /// The database did not answer.
    #[error("it took too long to {0}")]
    TimedOut(&'static str),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Error {
    /// What a failed INSERT of a parcel means.
    pub(crate) fn of_parcel_write(error: SqlError) -> Self {
        match postgres::constraint(&error) {
            Some("parcels_tracking_number_key") => Self::NumberTaken,
            _ => error.into(),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(what) => status::not_found(what),
            Error::Refused(refusal) => {
                let (reason, text) = says(refusal);
                status::failed_precondition(reason, text)
            }
            Error::TimedOut(_) => status::unavailable(postgres::RETRY_AFTER),
            Error::Stored(_) | Error::NumberTaken => status::internal(&error),
            Error::Database(ref cause) => postgres::status(cause),
        }
    }
}

/// A refusal's stable reason and its sentence.
fn says(refusal: Refusal) -> (&'static str, &'static str) {
    match refusal {
        Refusal::Cancelled => ("shipment_cancelled", "the shipment of this order was cancelled"),
        Refusal::Other => ("shipment_mismatch", "this order has another shipment"),
        Refusal::Status(StatusRefusal::PickedUp) => {
            ("shipment_picked_up", "the carrier has the shipment: it can no more be cancelled")
        }
        Refusal::Status(StatusRefusal::Ended(_)) => {
            ("shipment_ended", "the shipment has come to its end")
        }
        Refusal::Status(StatusRefusal::Further) => {
            ("shipment_further", "the shipment is further already")
        }
    }
}
