//! Quotes, shipments and tracking.
//!
//! The service owns the database `shipping_db` and these invariants:
//! - an order has one shipment, which can be asked for and cancelled as often as callers like, in any
//!   order ([`domain::shipment`] has the argument);
//! - a shipment only moves forward, and each status that it had is one event;
//! - a tracking number belongs to one parcel for good.
//!
//! From the outside in: [`serve`] answers RPCs in `api`, which reads requests into the types of
//! [`domain`], whose rules are pure; `transactions` says what happens together; `store` holds the SQL;
//! `jobs` plays the carrier where there is none.

mod api;
mod args;
pub mod domain;
mod error;
mod jobs;
mod metrics;
mod serve;
mod store;
mod transactions;

pub use args::Args;
pub use error::Error;
pub use serve::{serve, serve_on};

/// The migrations of the database of shipping, forward only.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
