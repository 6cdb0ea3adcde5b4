//! The services of a shop in one process, for the tests of the gateway and of the web shop.
//!
//! This crate is a development dependency only.
//!
//! - [`Services`] runs the seven services, each with its own port and database, so that each can be
//!   stopped while the others run.
//! - [`MailInbox`] receives the shop's mails.
//! - [`KeyFiles`] are keys for access tokens, and sign the tokens of an administrator.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "fixtures of tests, which may panic"
)]

mod mail_inbox;
mod services;
mod tokens;

pub use mail_inbox::MailInbox;
pub use services::{Service, Services, database_url, start};
pub use tokens::{ACCOUNT_ID, KeyFiles, SESSION_ID, Signer};
