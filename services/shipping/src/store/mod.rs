//! SQL statements of the service, checked against the migrations at compile time.
//!
//! Functions take a connection, so that the caller controls the transaction, and return domain
//! types.
//!
//! The checks need no database: they read `.sqlx/`, which is committed. After a change of a
//! statement or a migration, refresh it with `hack/sqlx.sh` (`--check` only reports whether it is
//! stale, and changes nothing).

pub(crate) mod events;
pub(crate) mod parcels;
pub(crate) mod shipments;
