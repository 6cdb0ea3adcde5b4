//! Integration tests of the order service: through its gRPC port, on a real PostgreSQL, with the
//! real services around it.
//!
//! Each test has its own databases.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "test fixtures may panic")]

mod admin;
mod cancellation;
mod checker;
mod checkout;
mod contention;
mod crash_recovery;
mod currencies;
mod fault_proxy;
mod faults;
mod fixture;
mod idempotency;
mod invariants;
mod numbers;
mod preview;
mod refunds;
mod services;
mod slow_services;
mod unverified;
mod watch;
