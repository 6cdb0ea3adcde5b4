//! Tests of the shipping service through its gRPC port, with a real PostgreSQL.
//!
//! Each test has its own database.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "fixtures of tests, which may panic")]

mod cancellation;
mod carrier_simulator;
mod creation;
mod empty_requests;
mod fixture;
mod outage;
mod quotes;
mod status_updates;
