//! A mail catcher for trials: it accepts mail over SMTP, and serves it as web pages and JSON.
//!
//! It accepts every mail for every recipient, delivers none, and stores the most recent ones in
//! memory. It has no authentication: it is a tool for laptops and trial shops. A shop that serves
//! customers uses a mail server instead.
//!
//! From the outside in: `smtp` receives messages, `mail` parses them, `mailbox` stores a bounded
//! number of them, `web` serves them.

mod args;
mod mail;
mod mailbox;
mod serve;
mod smtp;
mod web;

pub use args::Args;
pub use serve::{serve, serve_on};
