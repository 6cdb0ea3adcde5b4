//! Checkout, orders and their history.
//!
//! The service owns the database `order_db` and the guarantee of the order saga: after a crash at
//! any time, and after any number of repeated requests, eventually each paid order has its charge
//! captured, its stock committed and exactly one shipment, no other order has any of these, and a
//! customer gets at most one mail of each kind. [`domain::checkout`] contains the argument.
//!
//! An order is inserted before any other service is called. A saga executor then advances its
//! checkout step by step, in the request that placed it and in the background of every replica
//! (`saga`). The rules of what requests and events do to an order are pure ([`domain`]);
//! `transactions` defines what is committed together; `store` contains the SQL; `place_order` turns
//! carts into orders; `check` compares orders with the other services.

mod api;
mod args;
mod check;
pub mod domain;
mod error;
mod jobs;
mod metrics;
mod order_changes;
mod place_order;
mod saga;
mod serve;
#[cfg(test)]
mod simulation;
mod store;
mod transactions;

pub use args::Args;
pub use check::{Finding, Report, check};
pub use error::Error;
pub use serve::{serve, serve_on};

/// The migrations of `order_db`, forward only.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
