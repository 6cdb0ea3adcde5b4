//! HTTP tests of the web shop, on a real gateway with the real services.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod account;
mod browser;
mod errors;
mod headers;
mod order_live;
mod pages;
mod session;
mod shop;
mod shopping;
