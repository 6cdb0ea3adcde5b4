//! Shipping service: quotes, shipments and tracking.
//!
//! The service owns the database `shipping_db` and these invariants:
//! - An order has one shipment. Creating and cancelling it are idempotent and may arrive in any
//!   order ([`domain::shipment`] has the argument).
//! - A shipment only moves forward, and each change of its status is recorded as one event.
//! - A tracking number is never reused for another parcel.
//!
//! The modules from the outside in: [`serve`] runs the RPCs of `api`, which validates requests and
//! converts them to the types of [`domain`], whose rules are pure. `shipments` contains the
//! database transactions. `store` contains the SQL. `jobs` simulates the carrier if that is
//! enabled.

mod api;
mod args;
pub mod domain;
mod error;
mod jobs;
mod metrics;
mod serve;
mod shipments;
mod store;

pub use args::Args;
pub use error::Error;
pub use serve::{serve, serve_on};

/// Forward-only migrations of the shipping database.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
