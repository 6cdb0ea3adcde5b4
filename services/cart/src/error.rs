//! Errors of the cart service, and their mapping to gRPC statuses.

use std::time::Duration;

use kit::grpc::status;
use kit::redis::Failure;
use tonic::{Code, Status};

use crate::domain::cart::{MAX_LINES, MAX_UNITS, Refusal};

/// Delay after which a client should retry when Redis or the catalog is unavailable: the time that
/// a restart takes.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Delay after which a client should retry to create a guest's cart while Redis is nearly full. Its
/// memory becomes free over minutes, when carts expire.
const NEARLY_FULL_RETRY_AFTER: Duration = Duration::from_secs(60);

/// Error of the cart service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The product does not exist or is not for sale.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// The change would violate a rule of carts.
    #[error("{}", refusal_message(*.0))]
    Refused(Refusal),
    /// A request to the catalog failed.
    #[error("catalog request failed")]
    Catalog(#[from] Box<Status>),
    /// A response of the catalog is invalid.
    #[error("invalid {0} in a catalog response")]
    CatalogResponse(&'static str),
    /// Redis contains a value that this version never writes.
    #[error("unknown {0} in Redis")]
    UnknownStoredValue(&'static str),
    /// The guest has no cart, and the request must not create one.
    #[error("the guest has no cart")]
    GuestCartAbsent,
    /// Redis is nearly full, so that no carts of guests are created.
    #[error("Redis is nearly full")]
    RedisNearlyFull,
    /// A Redis command failed.
    #[error("Redis command failed")]
    Store(#[from] Failure),
    /// Prices have different currencies, or their sum overflows.
    #[error("pricing the cart failed")]
    Money(#[from] money::Error),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound(what) => status::not_found(what),
            Error::Refused(refusal) => refused(refusal),
            Error::Catalog(ref cause) => match cause.code() {
                Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted => {
                    unavailable(&error)
                }
                _ => status::internal(&error),
            },
            Error::GuestCartAbsent => {
                status::failed_precondition("guest_cart_absent", error.to_string())
            }
            Error::RedisNearlyFull => {
                tracing::warn!("cart of a guest not created: Redis is nearly full");
                status::unavailable_in_part(NEARLY_FULL_RETRY_AFTER)
            }
            Error::Store(Failure::Unavailable(_)) => unavailable(&error),
            Error::Store(Failure::WritesRefused(_)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "cart cannot be changed");
                status::unavailable_in_part(RETRY_AFTER)
            }
            Error::Store(Failure::Refused(_))
            | Error::CatalogResponse(_)
            | Error::UnknownStoredValue(_)
            | Error::Money(_) => status::internal(&error),
        }
    }
}

/// Maps a refusal to a gRPC status.
pub(crate) fn refused(refusal: Refusal) -> Status {
    let text = refusal_message(refusal);
    match refusal {
        Refusal::TooManyUnits => {
            let details = [("field".to_owned(), "quantity".to_owned())];
            status::with_reason(Code::InvalidArgument, "quantity_too_large", text, details)
        }
        Refusal::CartFull => status::failed_precondition("cart_full", text),
        Refusal::LineNotFound => status::not_found("cart item"),
    }
}

fn refusal_message(refusal: Refusal) -> String {
    match refusal {
        Refusal::TooManyUnits => {
            format!("a cart holds at most {MAX_UNITS} units of one product")
        }
        Refusal::CartFull => format!("a cart holds at most {MAX_LINES} products"),
        Refusal::LineNotFound => "the product is not in the cart".to_owned(),
    }
}

fn unavailable(error: &Error) -> Status {
    tracing::warn!(error = error as &dyn std::error::Error, "cart unavailable");
    status::unavailable(RETRY_AFTER)
}
