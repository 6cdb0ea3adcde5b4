//! Reading and writing the messages that all packages share.
//!
//! A service reads a request with [`Fields`] into types that cannot be wrong, and is told of all that
//! is wrong at once. It writes answers with [`render`]. Pages, ids and addresses have one type each,
//! so that the rules on them are the same everywhere. What only one service knows stays with it.

mod address;
mod email;
mod fields;
mod ids;
mod page;
pub mod render;

pub use address::Address;
pub use email::Email;
pub use fields::Fields;
pub use ids::{OrderId, ProductId, UserId};
pub use page::{DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, Page, PageError};
