//! Errors of the shipping service, and their mapping to gRPC statuses.

use kit::grpc::status;
use kit::postgres;
use sqlx::error::Error as SqlError;
use tonic::Status;

use crate::domain::shipment::Refusal;
use crate::domain::status::TransitionError;

/// Error of the shipping service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The shipment does not exist.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// The shipment cannot be created or changed.
    #[error("{}", refusal_details(*.0).1)]
    Refused(Refusal),
    /// The generated tracking number belongs to another parcel.
    #[error("tracking number already in use")]
    TrackingNumberTaken,
    /// The database contains a value that this version never writes.
    #[error("unknown value in {0}")]
    UnknownStoredValue(&'static str),
    /// A database statement failed.
    #[error("database statement failed")]
    Database(#[from] SqlError),
    /// The database did not respond in time.
    #[error("timed out trying to {0}")]
    TimedOut(&'static str),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Error {
    /// Maps the error of an INSERT of a parcel.
    pub(crate) fn from_parcel_insert(error: SqlError) -> Self {
        match postgres::constraint(&error) {
            Some("parcels_tracking_number_key") => Self::TrackingNumberTaken,
            _ => error.into(),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(what) => status::not_found(what),
            Error::Refused(refusal) => {
                let (reason, text) = refusal_details(refusal);
                status::failed_precondition(reason, text)
            }
            Error::TimedOut(_) => status::unavailable(postgres::RETRY_AFTER),
            Error::UnknownStoredValue(_) | Error::TrackingNumberTaken => status::internal(&error),
            Error::Database(ref cause) => postgres::status(cause),
        }
    }
}

/// Returns the stable reason and the message of a refusal.
fn refusal_details(refusal: Refusal) -> (&'static str, &'static str) {
    match refusal {
        Refusal::Cancelled => ("shipment_cancelled", "the shipment of the order was cancelled"),
        Refusal::Mismatch => ("shipment_mismatch", "the order has a different shipment"),
        Refusal::Transition(TransitionError::PickedUp) => {
            ("shipment_picked_up", "the carrier has picked up the shipment: it cannot be cancelled")
        }
        Refusal::Transition(TransitionError::Final(_)) => {
            ("shipment_ended", "the status of the shipment is final")
        }
        Refusal::Transition(TransitionError::Backward) => {
            ("shipment_further", "the shipment has a later status")
        }
    }
}
