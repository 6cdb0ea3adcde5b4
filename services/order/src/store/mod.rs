//! Every SQL statement of orders, checked against the migrations when it is compiled.
//!
//! Functions take a connection, so that the caller decides on transactions, and give domain types.
//!
//! The checks need no database: they read `.sqlx/`, which is committed. After a change of a statement
//! or a migration, refresh it with `hack/sqlx.sh` (`--check` only tells whether it is stale, and
//! changes nothing).

pub(crate) mod checkouts;
mod data;
pub(crate) mod history;
pub(crate) mod listing;
pub(crate) mod orders;
pub(crate) mod outbox;
pub(crate) mod refunds;
mod rows;
pub(crate) mod stats;

use jiff::{SignedDuration, Timestamp};
use sqlx::{PgConnection, query};

use crate::error::Error;

/// A claim: which flow, by which version, of which order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease {
    /// Now.
    pub(crate) now: Timestamp,
    /// How long nobody else may claim it.
    pub(crate) length: SignedDuration,
}

impl Lease {
    fn until(self) -> Timestamp {
        self.now + self.length
    }
}

/// Wakes drivers when the transaction commits.
pub(crate) async fn wake(conn: &mut PgConnection) -> Result<(), Error> {
    query!("SELECT pg_notify('order_work', '')").execute(conn).await?;
    Ok(())
}

/// Counts are kept in 32 bits with a sign and never go below zero.
fn tries(stored: i32) -> u32 {
    stored.try_into().unwrap_or(0)
}
