//! Checkout, orders and their history.
//!
//! The service owns the database `order_db` and one claim: whatever dies, whenever, and however often
//! anything is repeated, in the end orders paid = charges captured = stock gone = shipments made, and a
//! customer gets at most one mail of each kind. [`domain::checkout`] has the argument.
//!
//! An order is made before anything is asked of others; a driver then carries its checkout on, step by
//! step, in the request that made it and in the background of every replica (`driver`). What people
//! and events do to an order is pure ([`domain`]); `transactions` says what happens together; `store`
//! holds the SQL; `ordering` makes orders of carts; `check` compares them with what others see.

mod api;
mod args;
mod check;
pub mod domain;
mod driver;
mod error;
mod jobs;
mod metrics;
mod ordering;
mod serve;
#[cfg(test)]
mod simulation;
mod store;
mod transactions;

pub use args::Args;
pub use check::{Finding, Report, check};
pub use error::Error;
pub use serve::{serve, serve_on};

/// The migrations of the orders' database, forward only.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
