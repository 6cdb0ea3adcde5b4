//! Tests of the notification service through its gRPC port, with PostgreSQL and the inbox as mail
//! server.
//!
//! Each test has its own database.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "fixtures of tests, which may panic")]

mod empty_requests;
mod fixture;
mod listing;
mod mails;
mod outage;
mod queue;
mod retries;
mod scripted_relay;
mod settings;
mod tls;
mod validation;
