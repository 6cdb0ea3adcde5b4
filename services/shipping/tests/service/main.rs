//! Shipping through its real gRPC port, on a real PostgreSQL.
//!
//! `hack/test-env.sh cargo test -p shipping` gives `DATABASE_URL`; each test has a database of its own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "fixtures of tests, which may panic")]

mod cancelling;
mod carrier;
mod creating;
mod depot;
mod empty_requests;
mod moving;
mod outage;
mod quotes;
