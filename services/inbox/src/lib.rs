//! A mail catcher for trying out: SMTP in, a page and JSON out.
//!
//! It takes every mail for everybody, delivers none, and keeps the last ones in memory. It has no
//! sign-in, for it is a tool of the laptop and of shops that are tried out; a shop that serves
//! customers has a mail server instead.
//!
//! From the outside in: `smtp` speaks with those who send, `mail` reads what they sent, `mailbox`
//! keeps it within bounds, `web` shows it.

mod args;
mod mail;
mod mailbox;
mod serve;
mod smtp;
mod web;

pub use args::Args;
pub use serve::{serve, serve_on};
