//! HTTP tests of the web shop, on a real gateway with the real services.
//!
//! The services and their signing keys start as in the tests of the gateway, whose fixtures these
//! tests share.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod account;
mod browser;
mod errors;
mod headers;
#[path = "../../../gateway/tests/http/mail_inbox.rs"]
#[expect(dead_code, reason = "shared with the tests of the gateway, which use more of it")]
mod mail_inbox;
mod pages;
#[path = "../../../gateway/tests/http/services.rs"]
#[expect(dead_code, reason = "shared with the tests of the gateway, which use more of it")]
mod services;
mod session;
mod shop;
mod shopping;
#[path = "../../../gateway/tests/http/tokens.rs"]
#[expect(dead_code, reason = "shared with the tests of the gateway, which use more of it")]
mod tokens;
