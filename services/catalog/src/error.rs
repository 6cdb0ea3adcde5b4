//! What can go wrong, and what callers are told of it.

use kit::{grpc::status, postgres};
use sqlx::error::Error as SqlError;
use tonic::Status;

use crate::domain::{category::TreeError, reservation::Refusal, stock::StockRefusal};

/// Everything that can go wrong in the catalog.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such product, category or reservation.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Another product or category has this slug, also one that was deleted.
    #[error("the slug is taken")]
    SlugTaken,
    /// A product names a category that does not exist.
    #[error("no such category")]
    UnknownCategory,
    /// A category cannot hang where it should.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The shop has as many categories as it may.
    #[error("there are 1000 categories already")]
    TooManyCategories,
    /// Products are in the category.
    #[error("products are in this category: move them first")]
    CategoryInUse,
    /// Categories hang below the category.
    #[error("categories lie below this one: move or delete them first")]
    CategoryHasChildren,
    /// Stock cannot be changed by hand so.
    #[error("{}", stock_refusal(*.0).1)]
    Stock(StockRefusal),
    /// A reservation cannot end or be repeated so.
    #[error("{}", refusal(*.0).1)]
    Reservation(Refusal),
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
        Self::Reservation(refusal)
    }
}

impl From<StockRefusal> for Error {
    fn from(refusal: StockRefusal) -> Self {
        Self::Stock(refusal)
    }
}

impl Error {
    /// What a failed INSERT or UPDATE of a product means.
    pub(crate) fn of_product_write(error: SqlError) -> Self {
        match postgres::constraint(&error) {
            Some("products_slug_key") => Self::SlugTaken,
            Some("products_category_id_fkey") => Self::UnknownCategory,
            _ => error.into(),
        }
    }

    /// What a failed INSERT or UPDATE of a category means.
    pub(crate) fn of_category_write(error: SqlError) -> Self {
        match postgres::constraint(&error) {
            Some("categories_slug_key") => Self::SlugTaken,
            _ => error.into(),
        }
    }

    /// What a failed DELETE of a category means.
    pub(crate) fn of_category_delete(error: SqlError) -> Self {
        match postgres::constraint(&error) {
            Some("products_category_id_fkey") => Self::CategoryInUse,
            Some("categories_parent_id_fkey") => Self::CategoryHasChildren,
            _ => error.into(),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let text = error.to_string();
        match error {
            Error::NotFound(what) => status::not_found(what),
            Error::SlugTaken => status::already_exists("slug_taken", text),
            Error::UnknownCategory => status::invalid_argument("category_id", text),
            Error::Tree(_) => status::invalid_argument("parent_id", text),
            Error::TooManyCategories => status::failed_precondition("too_many_categories", text),
            Error::CategoryInUse => status::failed_precondition("category_in_use", text),
            Error::CategoryHasChildren => {
                status::failed_precondition("category_has_children", text)
            }
            Error::Stock(why) => status::failed_precondition(stock_refusal(why).0, text),
            Error::Reservation(why) => status::failed_precondition(refusal(why).0, text),
            Error::TimedOut(_) => status::unavailable(postgres::RETRY_AFTER),
            Error::Stored(_) | Error::Kit(_) => status::internal(&error),
            Error::Database(ref cause) => postgres::status(cause),
        }
    }
}

/// A refusal's stable reason and its sentence.
fn refusal(refusal: Refusal) -> (&'static str, &'static str) {
    match refusal {
        Refusal::NeverReserved => ("reservation_unknown", "nothing is reserved for this order"),
        Refusal::OtherLines => ("reservation_mismatch", "this order reserved other items"),
        Refusal::Refused => ("reservation_refused", "there was not enough stock for this order"),
        Refusal::Committed => ("reservation_committed", "the items of this order are sold"),
        Refusal::Released => ("reservation_released", "the items of this order were released"),
        Refusal::Expired => ("reservation_expired", "the reservation of this order ran out"),
        Refusal::Restocked => ("reservation_restocked", "the items of this order were restocked"),
    }
}

fn stock_refusal(refusal: StockRefusal) -> (&'static str, &'static str) {
    match refusal {
        StockRefusal::BelowReserved => {
            ("stock_below_reserved", "fewer units would be left than orders have reserved")
        }
        StockRefusal::TooMany => {
            ("stock_too_large", "more units would be on hand than can be kept")
        }
    }
}
