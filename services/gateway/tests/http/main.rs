//! The gateway through HTTP: the real services on a real PostgreSQL behind it, a real Redis beside
//! it.
//!
//! Every answer to a documented request is held against `/openapi.json` by the client of these
//! tests (see `judge`), whatever else a test looks at. `hack/test-env.sh` gives the databases.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod accounts;
mod admin;
mod cache;
mod client;
mod conventions;
mod judge;
mod mailroom;
mod orders;
mod orders_admin;
mod others;
mod outages;
mod privacy;
mod products;
mod rate_limit;
mod rotation;
mod services;
mod shop;
mod shopping;
mod tokens;
