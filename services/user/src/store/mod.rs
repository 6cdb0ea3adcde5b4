//! The SQL statements of the user service, checked against the migrations at compile time.
//!
//! Functions take a connection, so that the caller controls transactions, and return domain types.
//!
//! The checks need no database: they read `.sqlx/`, which is committed. After a change of a
//! statement or a migration, regenerate it with `hack/sqlx.sh` (`--check` reports whether it is
//! stale, and changes nothing).

pub(crate) mod addresses;
pub(crate) mod attempts;
pub(crate) mod ended_sessions;
pub(crate) mod networks;
pub(crate) mod outbox;
pub(crate) mod resets;
pub(crate) mod sessions;
pub(crate) mod users;
pub(crate) mod verifications;
pub(crate) mod wishlist;
