//! The notification service through its real gRPC port, on a real PostgreSQL, with the inbox as its
//! mail server.
//!
//! `hack/test-env.sh cargo test -p notification` gives `DATABASE_URL`; each test has a database of its
//! own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "fixtures of tests, which may panic")]

mod empty_requests;
mod listing;
mod mails;
mod outage;
mod queue;
mod refusals;
mod relay;
mod settings;
mod shop;
mod tls;
mod validation;
