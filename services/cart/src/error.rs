//! What can go wrong, and what callers are told of it.

use std::time::Duration;

use kit::{grpc::status, redis::Failure};
use tonic::{Code, Status};

use crate::domain::cart::{MAX_LINES, MAX_UNITS, Refusal};

/// When it is worth asking again after Redis or the catalog could not answer: a restart takes as long.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Everything that can go wrong with carts.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such product that could be bought.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The cart cannot be changed so.
    #[error("{}", says(*.0))]
    Refused(Refusal),
    /// The catalog did not answer.
    #[error("the catalog failed")]
    Catalog(#[from] Box<Status>),
    /// The catalog answered something that no catalog says.
    #[error("the catalog answered {0} that cannot be read")]
    Answer(&'static str),
    /// Redis holds something that this program never writes.
    #[error("Redis holds {0} that this version does not know")]
    Stored(&'static str),
    /// Redis did not do what it was asked.
    #[error("the store failed")]
    Store(#[from] Failure),
    /// Prices cannot be added up.
    #[error("the cart cannot be priced")]
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
            Error::Store(Failure::Unavailable(_)) => unavailable(&error),
            Error::Store(Failure::Refused(_))
            | Error::Answer(_)
            | Error::Stored(_)
            | Error::Money(_) => status::internal(&error),
        }
    }
}

/// What the shop's rules say no to.
pub(crate) fn refused(refusal: Refusal) -> Status {
    let text = says(refusal);
    match refusal {
        Refusal::TooManyUnits => {
            let facts = [("field".to_owned(), "quantity".to_owned())];
            status::with_reason(Code::InvalidArgument, "quantity_too_large", text, facts)
        }
        Refusal::Full => status::failed_precondition("cart_full", text),
        Refusal::NoSuchLine => status::not_found("cart item"),
    }
}

fn says(refusal: Refusal) -> String {
    match refusal {
        Refusal::TooManyUnits => {
            format!("a cart holds at most {MAX_UNITS} units of one product")
        }
        Refusal::Full => format!("a cart holds at most {MAX_LINES} products"),
        Refusal::NoSuchLine => "the product is not in the cart".to_owned(),
    }
}

fn unavailable(error: &Error) -> Status {
    tracing::warn!(error = error as &dyn std::error::Error, "a cart could not be had");
    status::unavailable(RETRY_AFTER)
}
