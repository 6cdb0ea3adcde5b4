//! Tests of the user service through its gRPC port, with PostgreSQL.
//!
//! Each test has its own database.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "fixtures of tests, which may panic")]

mod access;
mod access_tokens;
mod addresses;
mod audit_events;
mod captured_log;
mod empty_requests;
mod ended_sessions;
mod fake_notification;
mod first_admin;
mod fixture;
mod known_networks;
mod mails;
mod outage;
mod password_forms;
mod passwords;
mod profiles;
mod registration;
mod session_age;
mod session_list;
mod sessions;
mod sign_in;
mod sign_in_flood;
mod sweeper;
mod verification;
mod wishlist;
