//! Payments through the real gRPC port, on a real PostgreSQL.
//!
//! `hack/test-env.sh cargo test -p payment` gives `DATABASE_URL`; each test has a database of its own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "fixtures of tests, which may panic")]

mod adds_up;
mod at_once;
mod empty_requests;
mod methods;
mod movements;
mod outage;
mod provider;
mod shop;
mod unfinished;
mod validation;
mod voids;
