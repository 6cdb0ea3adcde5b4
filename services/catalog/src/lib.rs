//! Categories, products, search, stock and reservations.
//!
//! The catalog owns the database `catalog_db` and these invariants:
//! - stock is what is on hand less what is reserved, `0 <= reserved <= on_hand`, and the sum of its
//!   movements, each a row with its reason;
//! - a reservation takes all its lines or none, ends exactly once, and can be asked for and ended as
//!   often as callers like ([`domain::reservation`] has the argument);
//! - a slug belongs to one product for good, and categories are a tree;
//! - a shop has one currency.
//!
//! From the outside in: [`serve`] answers RPCs in `api`, which reads requests into the types of
//! [`domain`], whose rules are pure; `transactions` says what happens together; `store` holds the SQL;
//! `changes` tells watchers what became stale; `jobs` gives back what ran out of time.

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
