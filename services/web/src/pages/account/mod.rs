//! Sign-in, and the pages of a customer's account.

mod address_form;
pub(crate) mod addresses;
mod card_form;
pub(crate) mod countries;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod order;
mod order_images;
pub(crate) mod order_live;
mod order_timeline;
mod order_view;
pub(crate) mod orders;
pub(crate) mod overview;
pub(crate) mod password_reset;
pub(crate) mod payment_methods;
pub(crate) mod privacy;
pub(crate) mod profile;
pub(crate) mod register;
pub(crate) mod security;
mod sign_in_form;
pub(crate) mod verify_email;
pub(crate) mod wishlist;

pub(crate) use address_form::{AddressFields, AddressForm, address_lines};
pub(crate) use card_form::{CardFields, CardForm, card_name};
pub(crate) use order_view::number as order_number;
#[cfg(debug_assertions)]
pub(crate) use order_view::{OrderCard, StatusPill};
pub(crate) use sign_in_form::SignInForm;
