//! The audit log: what administrators changed, when, and from which network.
//!
//! A service whose data administrators change writes a [`Change`] in the transaction of the change,
//! logs it after the commit, serves its entries with [`service`] and deletes old ones with
//! [`sweep`]. Its database has the table of this crate's migration, as one of its own migrations;
//! `services/shop/tests/audit_tables.rs` compares them. The gateway merges the entries of all
//! services.
//!
//! Only changes that succeed become entries. Refused sign-ins are log lines and metrics of the user
//! service, so that strangers cannot fill the table.

mod api;
mod change;
mod retention;
mod store;

pub use api::service;
pub use change::{Change, Recorded, log_event};
pub use retention::{Args, sweep};

/// The table of the audit log, for tests of this crate and for comparison with the migrations of
/// the services.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!();

/// Maximum number of entries in one response. The gateway merges the newest entries of every
/// service, so this is also how far back its pages go.
pub const MAX_ENTRIES: i32 = 500;
