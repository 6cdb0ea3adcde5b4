//! The catalog through its real gRPC port, on a real PostgreSQL.
//!
//! `hack/test-env.sh cargo test -p catalog` gives `DATABASE_URL`; each test has a database of its own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "fixtures of tests, which may panic")]

mod categories;
mod changes;
mod empty_requests;
mod listing;
mod outage;
mod products;
mod remembered;
mod reservations;
mod search;
mod seeding;
mod shop;
mod stock;
mod validation;
