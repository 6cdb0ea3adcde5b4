//! Errors of the catalog and their mapping to gRPC statuses.

use kit::grpc::status;
use kit::postgres;
use sqlx::error::Error as SqlError;
use tonic::{Code, Status};

use crate::domain::category::TreeError;
use crate::domain::product::RevisionMismatch;
use crate::domain::reservation::Refusal;
use crate::domain::stock::StockRefusal;

/// The field of a request that gives a slug.
const SLUG: &str = "slug";

/// An error of the catalog.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The product, category or reservation does not exist.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// Another product or category, possibly a deleted one, has the slug that the field of the
    /// request gives: `slug`, or `name` when the slug is generated.
    #[error("the slug is taken")]
    SlugTaken(&'static str),
    /// An edit expects another revision of the product.
    #[error(transparent)]
    RevisionMismatch(#[from] RevisionMismatch),
    /// A product refers to a category that does not exist.
    #[error("the category does not exist")]
    UnknownCategory,
    /// A category cannot have this parent.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The shop has the maximum number of categories.
    #[error("the shop has the maximum of 1000 categories")]
    TooManyCategories,
    /// The category contains products.
    #[error("the category contains products: move them first")]
    CategoryInUse,
    /// The category has subcategories.
    #[error("the category has subcategories: move or delete them first")]
    CategoryHasChildren,
    /// A manual change of stock is refused, because of the value of this field.
    #[error("{}", stock_refusal(*.1).1)]
    Stock(&'static str, StockRefusal),
    /// A request about a reservation is refused.
    #[error("{}", refusal(*.0).1)]
    Reservation(Refusal),
    /// The database contains a value that this program never writes.
    #[error("unknown value in {0}")]
    UnknownStoredValue(&'static str),
    /// A database operation failed.
    #[error("the database operation failed")]
    Database(#[from] SqlError),
    /// The database did not respond in time.
    #[error("timeout: {0}")]
    TimedOut(&'static str),
    /// A setting is invalid, or the process could not start.
    #[error(transparent)]
    Kit(#[from] kit::Error),
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Reservation(refusal)
    }
}

impl Error {
    /// Names the field of a taken slug: the name, if the slug is generated from it.
    pub(crate) fn with_slug_field(self, is_generated: bool) -> Self {
        match self {
            Self::SlugTaken(_) if is_generated => Self::SlugTaken("name"),
            other => other,
        }
    }

    /// Maps the constraint of a failed INSERT or UPDATE of a product.
    pub(crate) fn from_product_write(error: SqlError) -> Self {
        match postgres::constraint(&error) {
            Some("products_slug_key") => Self::SlugTaken(SLUG),
            Some("products_category_id_fkey") => Self::UnknownCategory,
            _ => error.into(),
        }
    }

    /// Maps the constraint of a failed INSERT or UPDATE of a category.
    pub(crate) fn from_category_write(error: SqlError) -> Self {
        match postgres::constraint(&error) {
            Some("categories_slug_key") => Self::SlugTaken(SLUG),
            _ => error.into(),
        }
    }

    /// Maps the constraint of a failed DELETE of a category.
    pub(crate) fn from_category_delete(error: SqlError) -> Self {
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
            Error::SlugTaken(field) => status::already_exists(field, "slug_taken", text),
            Error::RevisionMismatch(_) => {
                status::with_reason(Code::Aborted, "precondition_failed", text, [])
            }
            Error::UnknownCategory => status::invalid_argument("category_id", text),
            Error::Tree(_) => status::invalid_argument("parent_id", text),
            Error::TooManyCategories => status::failed_precondition("too_many_categories", text),
            Error::CategoryInUse => status::failed_precondition("category_in_use", text),
            Error::CategoryHasChildren => {
                status::failed_precondition("category_has_children", text)
            }
            Error::Stock(field, why) => {
                status::field_precondition(field, stock_refusal(why).0, text)
            }
            Error::Reservation(why) => status::failed_precondition(refusal(why).0, text),
            Error::TimedOut(_) => status::unavailable(postgres::RETRY_AFTER),
            Error::UnknownStoredValue(_) | Error::Kit(_) => status::internal(&error),
            Error::Database(ref cause) => postgres::status(cause),
        }
    }
}

/// The stable reason of a refusal and its message.
fn refusal(refusal: Refusal) -> (&'static str, &'static str) {
    match refusal {
        Refusal::NeverReserved => ("reservation_unknown", "this order has no reservation"),
        Refusal::OtherLines => ("reservation_mismatch", "this order reserved other items"),
        Refusal::Refused => ("reservation_refused", "the stock was insufficient for this order"),
        Refusal::Committed => ("reservation_committed", "the items of this order are sold"),
        Refusal::Released => ("reservation_released", "the items of this order were released"),
        Refusal::Expired => ("reservation_expired", "the reservation of this order expired"),
        Refusal::Restocked => ("reservation_restocked", "the items of this order were restocked"),
    }
}

fn stock_refusal(refusal: StockRefusal) -> (&'static str, &'static str) {
    match refusal {
        StockRefusal::BelowReserved => {
            ("stock_below_reserved", "orders have reserved more units than would remain")
        }
        StockRefusal::TooMany => {
            ("stock_too_large", "the number of units would exceed the maximum")
        }
    }
}
