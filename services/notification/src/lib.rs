//! Mail to customers.
//!
//! The service owns the database `notification_db` and these invariants:
//! - a mail is a row before it is a mail: whoever was told OK can forget it;
//! - a caller's key makes at most one row of a kind, and a row is given to the mail server once, unless
//!   a worker loses PostgreSQL or its life between the mail server's yes and the note of it. Then the
//!   mail is given again, under the same Message-ID;
//! - no transaction is open while the mail server is spoken with;
//! - what a mail says is kept only until it is sent or of no use any more: no token outlives its hour.
//!
//! From the outside in: [`serve`] answers RPCs in `api`, which reads requests into the types of
//! [`domain`], whose rules are pure; `transactions` says what happens together; `store` holds the SQL;
//! `jobs` delivers, by `mail`, which writes the messages and speaks SMTP.

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
