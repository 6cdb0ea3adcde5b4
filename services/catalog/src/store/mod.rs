//! Every SQL statement of the catalog, checked against the migrations when it is compiled.
//!
//! Functions take a connection, so that the caller decides on transactions, and give domain types.
//!
//! A statement that looks up by an array in each checkout takes it as `(SELECT $1::uuid[])`: else
//! PostgreSQL, which sees how short the array is, plans it anew each time.
//!
//! The checks need no database: they read `.sqlx/`, which is committed. After a change of a statement
//! or a migration, refresh it with `hack/sqlx.sh` (`--check` only tells whether it
//! is stale, and changes nothing).

pub(crate) mod categories;
pub(crate) mod listing;
pub(crate) mod products;
pub(crate) mod reservations;
pub(crate) mod stock;
