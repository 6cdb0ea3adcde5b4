//! Payment service: payment methods and payment transactions.
//!
//! The service owns the database `payment_db` and these invariants:
//! - Captures never exceed the authorization, refunds never the capture, and an authorization is
//!   captured or voided, never both ([`domain::transaction`] has the argument).
//! - A customer's idempotency key is executed once: its intent is committed, then the provider is
//!   called with a separate idempotency key, then the outcome is committed. A retry or a worker
//!   that finds an intent without an outcome looks it up at the provider. An unknown outcome is
//!   never reported as a decline.
//! - The void of an authorization that has not arrived yet is stored, and the authorization is
//!   refused when it arrives.
//! - Of a card, the service stores the provider's token, brand, last four digits and expiry. If a
//!   customer has payment methods, exactly one of them is the default.
//!
//! The modules from the outside in: [`serve`] runs the RPCs of `api`, which validates requests and
//! converts them to the types of [`domain`], whose rules are pure. `ledger` records intents and
//! settles them with the provider. `provider` is the interface of payment providers, and their
//! simulator. `store` contains the SQL. `jobs` settles intents that were left open.
//! [`check_consistency`] checks the consistency of all transactions.

mod api;
mod args;
mod consistency;
pub mod domain;
mod error;
mod fingerprint;
mod jobs;
mod ledger;
mod metrics;
mod provider;
mod serve;
mod store;

pub use args::{Args, ProviderKind};
pub use consistency::{ConsistencyReport, check_consistency, check_consistency_at};
pub use error::Error;
pub use serve::{serve, serve_on};

/// Forward-only migrations of the payment database.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
