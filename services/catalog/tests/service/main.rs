//! The catalog through its real gRPC port, on a real PostgreSQL. Each test has its own database.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "fixtures of tests, which may panic")]

mod categories;
mod changes;
mod empty_requests;
mod fixture;
mod listing;
mod outage;
mod products;
mod reservation_lookup;
mod reservations;
mod revisions;
mod search;
mod seeding;
mod stock;
mod validation;
