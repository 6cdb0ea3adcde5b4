//! SQL statements of the service, checked against the migrations at compile time. (The simulated
//! provider has its own.)
//!
//! Functions take a connection, so that the caller controls the transaction, and return domain
//! types.
//!
//! The checks need no database: they read `.sqlx/`, which is committed. After a change of a
//! statement or a migration, refresh it with `hack/sqlx.sh` (`--check` only reports whether it is
//! stale, and changes nothing).

pub(crate) mod consistency;
pub(crate) mod idempotency_keys;
pub(crate) mod intents;
pub(crate) mod method_requests;
pub(crate) mod payment_methods;
pub(crate) mod transactions;
