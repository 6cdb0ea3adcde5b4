//! Payment methods and money movements.
//!
//! The service owns the database `payment_db` and these invariants:
//! - captures never exceed what an authorisation holds, refunds never what was captured, and an
//!   authorisation is captured or voided, never both ([`domain::transaction`] has the argument);
//! - a key acts once: its intent is committed, then the provider is asked with a key of its own, then
//!   the outcome is committed; whoever finds an intent without outcome, a repeat or a worker, asks the
//!   provider for it; what is not known is never told as a decline;
//! - the void of an authorisation that was never seen is remembered, and the authorisation refused;
//! - of a card are kept: the provider's token, brand, last four digits, expiry; exactly one method of a
//!   customer who has any is the default.
//!
//! From the outside in: [`serve`] answers RPCs in `api`, which reads requests into the types of
//! [`domain`], whose rules are pure; `transactions` says what happens together, and what happens with
//! the provider in between; `provider` is whoever moves the money; `store` holds the SQL; `jobs` finishes
//! what was left open; [`check`] tells whether it all adds up.

mod api;
mod args;
mod check;
pub mod domain;
mod error;
mod fingerprint;
mod jobs;
mod metrics;
mod provider;
mod serve;
mod store;
mod transactions;

pub use args::{Args, ProviderKind};
pub use check::{Report, check, check_at};
pub use error::Error;
pub use serve::{serve, serve_on};

/// The migrations of the payment database, forward only.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
