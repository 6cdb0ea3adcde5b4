//! The SQL statements of the notification service, checked against the migrations at compile time.
//!
//! Functions take a connection, so that the caller controls transactions, and return domain types.
//!
//! The checks need no database: they read `.sqlx/`, which is committed. After a change of a
//! statement or a migration, regenerate it with `hack/sqlx.sh` (`--check` reports whether it is
//! stale, and changes nothing).

pub(crate) mod listing;
pub(crate) mod notifications;
pub(crate) mod queue;

use crate::domain::delivery::Status;
use crate::error::Error;

/// Parses a status from the database.
fn parse_status(name: &str) -> Result<Status, Error> {
    Status::parse(name).ok_or(Error::UnknownValue("notifications.status"))
}
