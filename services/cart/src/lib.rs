//! Cart service.
//!
//! The service stores carts in Redis and owns these invariants:
//! - A cart contains products and quantities only. Names, prices and availability belong to the
//!   catalog, which is queried for every response.
//! - A change is atomic, so that concurrent changes are never lost.
//! - The version of a cart grows with each change and is never reused, even if the cart has expired
//!   in between (`store/script.lua` has the argument).
//! - The units of an order are removed from the cart once, even if the request is repeated.
//! - The cart of a guest is moved into the cart of a customer once, even if the request is
//!   repeated.
//!
//! Owners whose ids have UUID version 8 are guests. Their carts expire sooner (`GUEST_CART_TTL`),
//! and none is created while Redis is nearly full.
//!
//! The modules from the outside in: [`serve`] runs the RPCs of `api`, which validates requests and
//! converts them to the types of [`domain`], whose rules are pure. `carts` executes each RPC.
//! `store` contains the script that Redis runs. `catalog` is the client of the catalog service.

mod api;
mod args;
mod carts;
mod catalog;
pub mod domain;
mod error;
mod metrics;
mod redis_memory;
mod serve;
mod store;

pub use args::Args;
pub use error::Error;
pub use serve::{serve, serve_on};
