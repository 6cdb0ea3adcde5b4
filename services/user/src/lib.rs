//! The user service: accounts, sign-in, tokens, profiles, addresses and wishlists.
//!
//! The service owns the database `user_db` and the private keys of access tokens. Its invariants:
//! - an e-mail address, compared without case, belongs to at most one account;
//! - a refresh token is valid once; reuse ends its token family (see [`domain::session`]);
//! - a session ends permanently when its account's password changes or the account is disabled;
//! - a session that ended is reported to the gateway as long as its access tokens may be valid
//!   (`ended_sessions`);
//! - a mail that an account causes is delivered to the notification service despite crashes
//!   (`outbox`), and the response to a password reset request does not reveal whether an account
//!   exists;
//! - an address book that is not empty has exactly one default;
//! - at least one administrator can sign in.
//!
//! Layers, from the outside in: [`serve`] runs the RPCs of `api`, which parses requests into the
//! types of [`domain`], whose rules are pure; `accounts` has the use cases that authenticate, which
//! hash passwords between transactions; `transactions` defines what is atomic; `store` has the SQL;
//! `outbox` and `jobs` are the background work.

mod access_tokens;
mod accounts;
mod api;
mod args;
pub mod domain;
mod ended_sessions;
mod error;
mod hasher;
mod jobs;
pub mod jwk;
mod metrics;
mod outbox;
mod serve;
mod store;
mod transactions;

pub use args::Args;
pub use error::Error;
pub use serve::{serve, serve_on};

/// The migrations of the service's database, forward only.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();
