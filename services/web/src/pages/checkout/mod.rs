//! The checkout: address, delivery, payment, review, and placing the order.
//!
//! The state is a set of ids in the URL. Reload, back, two tabs, bookmarks and an expired session
//! work, and nothing needs storage.

pub(crate) mod address;
pub(crate) mod delivery;
mod empty_cart;
mod outcome;
pub(crate) mod payment;
pub(crate) mod place;
mod preview;
pub(crate) mod review;
pub(crate) mod start;
mod state;
mod steps;
mod summary;
