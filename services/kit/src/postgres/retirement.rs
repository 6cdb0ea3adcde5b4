//! Retirement of connections after a failover.
//!
//! A server that becomes a replica, or is made read-only, keeps its connections open. A pool that
//! kept them, too, would get errors until the connections reach their maximum age. Therefore an
//! error that reports such a server, or one that shuts down, retires all connections that are older
//! than the error: each is closed when it would be used next.
//!
//! Errors do not name their pool, so this applies to all pools of the process. Its components use
//! one server.

use std::sync::LazyLock;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// Shortest time between two retirements. While the only server is read-only, connections are
/// replaced at most once in this time and not with every error.
const INTERVAL: Duration = Duration::from_secs(1);

/// The retirements of this process.
static RETIREMENT: LazyLock<watch::Sender<Retirement>> = LazyLock::new(watch::Sender::default);

/// When connections were retired, and whether they have to be again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Retirement {
    last: Option<Instant>,
    /// Whether an error was reported within [`INTERVAL`] after the last retirement.
    is_pending: bool,
}

impl Retirement {
    /// Records an error. Returns whether it retires connections now.
    fn record(&mut self, now: Instant) -> bool {
        self.is_pending = true;
        self.retire_if_due(now)
    }

    fn retire_if_due(&mut self, now: Instant) -> bool {
        let is_allowed =
            self.last.is_none_or(|last| now.saturating_duration_since(last) >= INTERVAL);
        let is_due = self.is_pending && is_allowed;
        if is_due {
            *self = Self { last: Some(now), is_pending: false };
        }
        is_due
    }

    /// Reports whether a connection of this age is retired.
    fn covers(&self, age: Duration, now: Instant) -> bool {
        self.last.is_some_and(|last| now.saturating_duration_since(last) <= age)
    }
}

/// Retires all connections that exist now, or does so when [`INTERVAL`] has passed.
pub(super) fn retire_connections() {
    if RETIREMENT.send_if_modified(|retirement| retirement.record(Instant::now())) {
        tracing::warn!("database server is read-only or shuts down; connections are replaced");
    }
}

/// Reports whether a connection of this age is retired.
pub(super) fn is_retired(age: Duration) -> bool {
    let now = Instant::now();
    RETIREMENT.send_if_modified(|retirement| retirement.retire_if_due(now));
    RETIREMENT.borrow().covers(age, now)
}

/// Subscribes to retirements.
pub(super) fn retirements() -> watch::Receiver<Retirement> {
    RETIREMENT.subscribe()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_retires_older_connections_at_most_once_per_interval() {
        let start = Instant::now();
        let at = |millis| start + Duration::from_millis(millis);
        let millis = Duration::from_millis;
        let mut retirement = Retirement::default();
        assert!(!retirement.covers(millis(5_000), start));
        assert!(retirement.record(start));
        assert!(retirement.covers(millis(150), at(100)), "opened before the error");
        assert!(!retirement.covers(millis(50), at(100)), "opened after the error");

        assert!(!retirement.record(at(500)), "within the interval");
        assert!(!retirement.covers(millis(450), at(500)));
        assert!(retirement.retire_if_due(at(1_000)), "the second error is not lost");
        assert!(retirement.covers(millis(950), at(1_000)));
        assert!(!retirement.retire_if_due(at(3_000)), "no error since");
    }
}
