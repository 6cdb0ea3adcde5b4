//! Tests of the payment service through its gRPC port, with a real PostgreSQL.
//!
//! Each test has its own database.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "fixtures of tests, which may panic")]

mod card_data;
mod concurrency;
mod consistency;
mod customer_keys;
mod empty_requests;
mod fixture;
mod outage;
mod payment_methods;
mod provider;
mod recovery;
mod transactions;
mod validation;
mod voids;
