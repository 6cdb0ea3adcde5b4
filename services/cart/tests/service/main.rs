//! Carts through the real gRPC port, on a real Redis and a real catalog.
//!
//! `hack/test-env.sh cargo test -p cart` gives `DATABASE_URL` and `REDIS_URL`. Each test has a catalog of its
//! own and a customer of its own; tests that stop Redis start one of their own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "fixtures of tests, which may panic")]

mod clearing;
mod empty_requests;
mod expiry;
mod lines;
mod outage;
mod prices;
mod server;
mod shop;
