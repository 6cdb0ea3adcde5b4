//! The pages of the catalog, the cart, and static pages.

pub(crate) mod cart;
mod cart_line;
pub(crate) mod categories;
pub(crate) mod category_tree;
pub(crate) mod crawlers;
mod estimate;
pub(crate) mod help;
pub(crate) mod home;
mod listing;
mod listing_filter;
pub(crate) mod product;
mod product_card;
mod product_image;
pub(crate) mod products;
mod quantity;
pub(crate) mod search;
pub(crate) mod theme;

#[cfg(debug_assertions)]
pub(crate) use cart_line::CartLine;
pub(crate) use product_card::{Availability, ProductCard};
pub(crate) use product_image::{ProductImage, tint_of};
