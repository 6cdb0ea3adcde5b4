//! The checkout: contact (for guests), address, delivery, payment, review, and placing the order.
//!
//! The state is a set of ids in the URL. Reload, back, two tabs, bookmarks and an expired session
//! work, and nothing needs storage.

pub(crate) mod address;
pub(crate) mod contact;
pub(crate) mod delivery;
mod outcome;
pub(crate) mod payment;
pub(crate) mod place;
mod preview;
mod recent_order;
pub(crate) mod review;
pub(crate) mod start;
mod state;
mod steps;
mod summary;

/// The page on which a guest signs in or registers.
pub(crate) const CONTACT_PATH: &str = "/checkout/contact";

/// Whether a path is one of the checkout.
pub(crate) fn contains(path: &str) -> bool {
    path.strip_prefix("/checkout").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
