//! Categories, products, search, stock and reservations.
//!
//! The catalog owns the database `catalog_db` and these invariants:
//! - available stock is on-hand stock minus reserved stock, `0 <= reserved <= on_hand`; stock is a
//!   ledger: each change is a movement with its reason, and their sum is the stock;
//! - a reservation holds all its lines or none and ends exactly once; every request about it is
//!   idempotent ([`domain::reservation`] has the argument);
//! - a slug belongs to one product forever, and categories are a tree;
//! - a shop has one currency.
//!
//! From the outside in: [`serve`] serves the RPCs of `api`, which parses requests into the types of
//! [`domain`], whose rules are pure; `transactions` has the database transactions; `store` has the
//! SQL; `changes` streams invalidations to subscribers; `jobs` expires reservations.

mod api;
mod args;
mod changes;
pub mod domain;
mod error;
mod jobs;
mod metrics;
mod seed;
mod serve;
mod store;
mod transactions;

pub use args::Args;
pub use error::Error;
pub use seed::{Seeded, seed};
pub use serve::{serve, serve_on};

/// The migrations of the catalog's database, forward only.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
