//! Every SQL statement of shipping, checked against the migrations when it is compiled.
//!
//! Functions take a connection, so that the caller decides on transactions, and give domain types.
//!
//! The checks need no database: they read `.sqlx/`, which is committed. After a change of a statement
//! or a migration, refresh it with `hack/sqlx.sh` (`--check` only tells whether it
//! is stale, and changes nothing).

pub(crate) mod events;
pub(crate) mod parcels;
pub(crate) mod shipments;
