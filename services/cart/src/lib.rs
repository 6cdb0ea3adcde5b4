//! Carts.
//!
//! The service keeps carts in Redis and these invariants:
//! - a cart holds products and quantities, nothing else: names, prices and whether a product can be
//!   bought are the catalog's, asked for at every answer;
//! - a change happens in one step or not at all, so that concurrent ones all count;
//! - a version grows with each change and never comes back, also when the cart ran out of time in
//!   between (`store/script.lua` has the argument);
//! - the units of an order leave the cart once, however often that is asked for.
//!
//! From the outside in: [`serve`] answers RPCs in `api`, which reads requests into the types of
//! [`domain`], whose rules are pure; `carts` says what an RPC reads, asks and changes, in which order;
//! `store` holds the script that Redis runs; `catalog` asks for products.

mod api;
mod args;
mod carts;
mod catalog;
pub mod domain;
mod error;
mod metrics;
mod serve;
mod store;

pub use args::Args;
pub use error::Error;
pub use serve::{serve, serve_on};
