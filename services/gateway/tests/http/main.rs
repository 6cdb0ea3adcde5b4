//! HTTP tests of the gateway with the real services on a real PostgreSQL, and a real Redis.
//!
//! The client of these tests validates every response to a documented request against
//! `/openapi.json` (see `response_validator`), in addition to the assertions of a test.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod accounts;
mod admin;
mod audit;
mod authorization;
mod cache;
mod checkout_preview;
mod client;
mod conventions;
mod email;
mod exhaustion;
mod fake_user;
mod guest_carts;
mod key_rotation;
mod order_events;
mod orders;
mod orders_admin;
mod outages;
mod privacy;
mod products;
mod rate_limit;
mod response_validator;
mod revisions;
mod revocation;
mod route_exposure;
mod shop;
mod shopping;
