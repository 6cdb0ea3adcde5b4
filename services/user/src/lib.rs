//! Accounts: sign-in, tokens, profiles, addresses and wishlists.
//!
//! The service owns the database `user_db`, the private keys of access tokens, and these invariants:
//! - an e-mail address, in whatever case, belongs to one account;
//! - a refresh token is good once; a second use ends its family ([`domain::session`] has the argument);
//! - a session ends for good with its account's password, or when the account is disabled;
//! - a mail that an account causes is sent, whatever crashes (`mailer`), and whoever asks for a new
//!   password learns nothing of whether there is an account;
//! - an address book that is not empty has one default;
//! - a shop keeps an administrator who can sign in.
//!
//! From the outside in: [`serve`] answers RPCs in `api`, which reads requests into the types of
//! [`domain`], whose rules are pure; `accounts` are the ways in, which hash passwords between
//! transactions; `transactions` says what happens together; `store` holds the SQL; `mailer` and `jobs`
//! are the background work.

mod access_tokens;
mod accounts;
mod api;
mod args;
pub mod domain;
mod error;
mod hasher;
mod jobs;
pub mod keys;
mod mailer;
mod metrics;
mod serve;
mod store;
mod transactions;

pub use args::Args;
pub use error::Error;
pub use serve::{serve, serve_on};

/// The migrations of the service's database, forward only.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
