//! Every SQL statement of the service, checked against the migrations when it is compiled. (The
//! simulated provider has its own, beside it.)
//!
//! Functions take a connection, so that the caller decides on transactions, and give domain types.
//!
//! The checks need no database: they read `.sqlx/`, which is committed. After a change of a statement
//! or a migration, refresh it with `hack/sqlx.sh` (`--check` only tells whether it is stale, and changes
//! nothing).

pub(crate) mod audit;
pub(crate) mod intents;
pub(crate) mod keys;
pub(crate) mod method_requests;
pub(crate) mod methods;
pub(crate) mod transactions;
