//! Tests of the cart service through its gRPC port, with a real Redis and a real catalog.
//!
//! Each test has its own catalog and its own customer; tests that stop Redis start their own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "fixtures of tests, which may panic")]

mod clearing;
mod empty_requests;
mod expiry;
mod fixture;
mod guests;
mod lines;
mod outage;
mod prices;
mod redis_server;
