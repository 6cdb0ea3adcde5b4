//! The user service through its real gRPC port, on a real PostgreSQL.
//!
//! `hack/test-env.sh cargo test -p user` gives `DATABASE_URL`; each test has a database of its own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "fixtures of tests, which may panic")]

mod access;
mod addresses;
mod empty_requests;
mod first_admin;
mod keys;
mod mails;
mod outage;
mod passwords;
mod post_office;
mod profiles;
mod registration;
mod sessions;
mod shop;
mod sign_in;
mod sweeping;
mod wishlist;
