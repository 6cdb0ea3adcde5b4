//! Every SQL statement of the service, checked against the migrations when it is compiled.
//!
//! Functions take a connection, so that the caller decides on transactions, and give domain types.
//!
//! The checks need no database: they read `.sqlx/`, which is committed. After a change of a statement
//! or a migration, refresh it with `hack/sqlx.sh` (`--check` only tells whether it is stale, and changes
//! nothing).

pub(crate) mod listing;
pub(crate) mod notifications;
pub(crate) mod queue;

use crate::{domain::delivery::Status, error::Error};

/// A status as the database has it.
fn status(name: &str) -> Result<Status, Error> {
    Status::named(name).ok_or(Error::Stored("notifications.status"))
}
