//! The JSON that goes in and out, one file a resource: types with their documentation, made from
//! the messages of the services and turned into them.

pub(crate) mod address;
pub(crate) mod admin_order;
pub(crate) mod auth;
pub(crate) mod cart;
pub(crate) mod category;
pub(crate) mod money;
pub(crate) mod new_order;
pub(crate) mod notification;
pub(crate) mod order;
pub(crate) mod page;
pub(crate) mod payment_method;
pub(crate) mod product;
pub(crate) mod quote;
pub(crate) mod stats;
pub(crate) mod tracking;
pub(crate) mod user;
pub(crate) mod wishlist;

/// `""` in a message stands for a reference or a time that is not there; in JSON that is `null`.
fn reference(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
