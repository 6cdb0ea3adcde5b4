//! Validation of requests and conversion of the messages that all proto packages share.
//!
//! A service parses a request with [`Fields`] into domain types, which reports all violations at
//! once, and builds responses with [`render`]. Pages, ids and addresses have one type each, so that
//! their rules are the same in every service. Types of a single service belong to that service,
//! except for [`card`], whose rules the gateway needs to name all invalid fields at once.

mod address;
pub mod card;
mod country;
mod email;
mod fields;
mod ids;
mod page;
mod password;
pub mod render;
mod text;
mod time;

pub use address::Address;
pub use country::{CountryError, parse_country};
pub use email::Email;
pub use fields::Fields;
pub use ids::{OrderId, ProductId, UserId};
pub use page::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, Page, PageError};
pub use password::normalize_password;
pub use text::{nfc, normalize_query};
pub use time::{TimeError, parse_time};
