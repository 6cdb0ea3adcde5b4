//! Every SQL statement of the catalog, checked against the migrations when it is compiled.
//!
//! Functions take a connection, so that the caller controls transactions, and return domain types.
//!
//! Statements of the checkout that look up by an array use `(SELECT $1::uuid[])`. Otherwise
//! PostgreSQL estimates by the array's actual length and plans the statement again on each
//! execution.
//!
//! The checks need no database: they read `.sqlx/`, which is committed. After a change of a
//! statement or a migration, refresh it with `hack/sqlx.sh catalog`.

pub(crate) mod categories;
pub(crate) mod listing;
pub(crate) mod products;
pub(crate) mod reservations;
pub(crate) mod stock;
