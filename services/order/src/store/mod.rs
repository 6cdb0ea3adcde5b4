//! Every SQL statement of orders, checked against the migrations when it is compiled.
//!
//! Functions take a connection, so that the caller decides on transactions, and give domain types.
//!
//! A statement that looks up by an array in each checkout takes it as `(SELECT $1::uuid[])`: else
//! PostgreSQL, which sees how short the array is, plans it anew each time.
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

/// How long a claim holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease {
    /// Now.
    pub(crate) now: Timestamp,
    /// How long nobody else may claim it.
    pub(crate) length: SignedDuration,
}

/// How far the clocks of processes may be apart. Times that lie further ahead than a right clock could
/// have written are taken for due: nobody shall wait for as long as some clock was ahead.
const SKEW: SignedDuration = SignedDuration::from_secs(15);

impl Lease {
    /// Leases begin and end by the database's clock: whatever the clocks of two processes say, they do not
    /// take a flow from each other.
    fn secs(self) -> f64 {
        self.length.as_secs_f64()
    }

    /// What is due later than this is so by a clock that was wrong.
    fn absurd(self, longest_pause: SignedDuration) -> Timestamp {
        self.now + longest_pause + SKEW
    }
}

/// How a flow goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Onward {
    /// When.
    pub(crate) due_at: Timestamp,
    /// Claimed at once, by whoever settles.
    pub(crate) lease: Option<Lease>,
}

impl Onward {
    fn lease_secs(self) -> Option<f64> {
        self.lease.map(Lease::secs)
    }
}

/// By which claim an outcome is written, and what it was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fence<'a> {
    /// Nothing is written by an older claim than this.
    pub(crate) version: i64,
    /// The error of the try, if it was one.
    pub(crate) error: &'a str,
}

/// Wakes the drivers of one kind of flow when the transaction commits.
pub(crate) async fn wake(conn: &mut PgConnection, kind: &str) -> Result<(), Error> {
    query!("SELECT pg_notify('order_work', $1)", kind).execute(conn).await?;
    Ok(())
}

/// Counts are kept in 32 bits with a sign and never go below zero.
fn tries(stored: i32) -> u32 {
    stored.try_into().unwrap_or(0)
}

fn stored(tries: u32) -> i32 {
    tries.try_into().unwrap_or(i32::MAX)
}
