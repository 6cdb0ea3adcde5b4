//! HTTP tests of the web shop, on a real gateway with the real services.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod account;
mod bad_input;
mod checkout_sessions;
mod delivery_estimate;
mod errors;
mod fake_gateway;
mod gallery;
mod german;
mod guest;
mod headers;
mod images;
mod order_live;
mod order_streams;
mod outages;
mod overload;
mod pages;
mod placed_before;
#[cfg(debug_assertions)]
mod pseudo_locale;
mod quantities;
mod regular_customer;
mod session;
mod session_refresh;
mod shop;
mod shopping;
mod sitemap;

use testing::browser;
