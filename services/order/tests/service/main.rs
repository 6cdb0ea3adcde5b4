//! Orders through their real gRPC port, on a real PostgreSQL, with the real services around them.
//!
//! `hack/test-env.sh cargo test -p order` gives `DATABASE_URL` and `REDIS_URL`; each test has databases
//! of its own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "fixtures of tests, which may panic")]

mod admin;
mod books;
mod buying;
mod cancelling;
mod checker;
mod crash;
mod crowd;
mod faults;
mod late;
mod others;
mod refunding;
mod repeats;
mod shop;
mod wires;
