//! Servers, databases and fixtures that the tests of several crates share.
//!
//! This crate is a development dependency only. `cargo test -p CRATE` needs no environment:
//!
//! - [`postgres`] and [`redis`] return the URLs of the servers named by `DATABASE_URL` and
//!   `REDIS_URL`, and start private servers where these are not set. Private servers are shared by
//!   the tests of a process, and are removed when the process ends, also by SIGKILL.
//! - [`database`] creates a database with a service's tables for one test.
//! - [`RunningService`] runs a service in the test's process; [`settings`] parses its settings.
//! - [`listening_sockets`] returns the addresses on which a process listens.
//! - [`ReplicatedPostgres`] is a server with a standby; [`PgBouncer`] is a pooler.
//! - [`FaultProxy`] injects connection faults between a service and its server.
//! - [`browser::Browser`] is a browser without scripts, for pages of the web shop; [`EventBlocks`]
//!   reads a response of server-sent events.
//! - The program `with-servers` runs a command with one pair of servers for all its test processes:
//!   `cargo run -p testing --bin with-servers -- cargo test --workspace`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "fixtures of tests, which may panic"
)]

mod background;
pub mod browser;
mod database;
mod event_blocks;
mod fault_proxy;
mod pgbouncer;
mod ports;
mod responses;
mod servers;
mod service;
mod sockets;
mod template;

pub use database::{TestDatabase, database};
pub use event_blocks::EventBlocks;
pub use fault_proxy::FaultProxy;
pub use pgbouncer::PgBouncer;
pub use ports::{free_address, free_port};
pub use responses::{assert_unavailable, code, code_and_reason, fields, reason};
pub use servers::{ReplicatedPostgres, Servers, postgres, redis};
pub use service::{RunningService, settings, settings_with_database};
pub use sockets::listening_sockets;
