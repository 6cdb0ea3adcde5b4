//! The notification service: mails to customers.
//!
//! The service owns the database `notification_db`. Its invariants:
//! - a mail is stored before the caller gets OK, so the caller does not have to keep it;
//! - an idempotency key creates at most one row per kind, and a row is sent once, unless a worker
//!   dies or loses PostgreSQL after the mail server has accepted the mail and before that is
//!   recorded. Then the mail is sent again with the same Message-ID;
//! - no transaction is open during a connection to the mail server;
//! - the content of a mail is deleted when the mail is sent or has expired: no reset token is
//!   stored beyond its lifetime of an hour.
//!
//! Layers, from the outside in: [`serve`] runs the RPCs of `api`, which parses requests into the
//! types of [`domain`], whose rules are pure; `transactions` defines what is atomic; `store` has
//! the SQL; `jobs` delivers through `mail`, which builds the messages and is the SMTP client.

mod api;
mod args;
pub mod domain;
mod error;
mod jobs;
mod mail;
mod metrics;
mod serve;
mod store;
mod transactions;

pub use args::{Args, SmtpTls};
pub use error::Error;
pub use serve::{serve, serve_on};

/// The migrations of the service's database, forward only.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
