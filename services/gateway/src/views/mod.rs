//! JSON request and response bodies, one file per resource: documented types with conversions from
//! and to the messages of the services.

pub(crate) mod address;
pub(crate) mod admin_order;
pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod cart;
pub(crate) mod category;
pub(crate) mod email;
pub(crate) mod money;
pub(crate) mod new_order;
pub(crate) mod notification;
pub(crate) mod order;
pub(crate) mod page;
pub(crate) mod payment_method;
pub(crate) mod preview;
pub(crate) mod product;
pub(crate) mod quote;
pub(crate) mod session;
pub(crate) mod stats;
pub(crate) mod tracking;
pub(crate) mod user;
pub(crate) mod wishlist;

/// Converts an empty string to `null`. In the messages, `""` is an absent reference or time.
fn non_empty(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
