//! All SQL statements of the service, checked against the migrations at compile time.
//!
//! Functions take a connection, so that the caller decides on transactions, and return domain
//! types.
//!
//! A statement of the checkout that looks up rows by an array passes it as `(SELECT $1::uuid[])`.
//! Otherwise PostgreSQL estimates by the array's actual length and plans the statement again on
//! each execution.
//!
//! The checks need no database: they read `.sqlx/`, which is committed. After a change of a
//! statement or a migration, refresh it with `hack/sqlx.sh` (`--check` only reports whether it is
//! stale).

pub(crate) mod checkouts;
mod data;
pub(crate) mod history;
pub(crate) mod listing;
pub(crate) mod orders;
pub(crate) mod outbox;
pub(crate) mod refunds;
mod rows;
pub(crate) mod stats;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sqlx::{PgConnection, query};

use crate::error::Error;

/// A lease: the exclusive right to execute a claimed saga for a limited time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lease {
    /// Current time of this process.
    pub(crate) now: Timestamp,
    /// How long no other executor may claim the saga.
    pub(crate) length: SignedDuration,
}

/// Tolerated clock skew between processes. A due time further ahead than any correct clock could
/// have written counts as due, so that a clock that was ahead does not delay a saga.
const MAX_CLOCK_SKEW: SignedDuration = SignedDuration::from_secs(15);

impl Lease {
    /// Returns the length in seconds. Leases begin and end by the database's clock, so that
    /// processes with skewed clocks do not take a saga from each other.
    fn secs(self) -> f64 {
        self.length.as_secs_f64()
    }

    /// Returns the latest plausible due time; a later one was written by a clock that is ahead.
    fn max_plausible_due_at(self, max_backoff: Duration) -> Timestamp {
        self.now + max_backoff + MAX_CLOCK_SKEW
    }
}

/// The next attempt of a saga.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NextAttempt {
    /// When it is due.
    pub(crate) due_at: Timestamp,
    /// The lease, if the executor that records the outcome also claims the next attempt.
    pub(crate) lease: Option<Lease>,
}

impl NextAttempt {
    fn lease_secs(self) -> Option<f64> {
        self.lease.map(Lease::secs)
    }
}

/// The fencing token of the claim that records an outcome, and the error of the attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fence<'a> {
    /// The fencing token: writes by an older claim have no effect.
    pub(crate) version: i64,
    /// Error of the attempt; empty if it succeeded.
    pub(crate) error: &'a str,
}

/// Wakes the executors of one kind of saga when the transaction commits.
pub(crate) async fn notify_executors(conn: &mut PgConnection, kind: &str) -> Result<(), Error> {
    query!("SELECT pg_notify('order_work', $1)", kind).execute(conn).await?;
    Ok(())
}

/// Attempts are stored as signed 32-bit integers and are never negative.
fn attempts_from_stored(stored: i32) -> u32 {
    stored.try_into().unwrap_or(0)
}

fn attempts_to_stored(attempts: u32) -> i32 {
    attempts.try_into().unwrap_or(i32::MAX)
}
