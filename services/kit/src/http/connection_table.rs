//! The open connections by client, and which of them to close when there are many.
//!
//! When more than half of the connections are in use, each new connection costs the client with the
//! most connections its longest idle one. So a client that opens many connections competes with
//! itself, others always get a connection, and a network with many shoppers has no fixed limit. If
//! it has more than a quarter of all, its new ones are served one after the other, because the
//! requests that arrive at once on many connections would delay those of others.
//! Connections of trusted proxies, which belong to many clients, are not in the table. Those of
//! proxies with a key do not count from their first request.

use super::client::Client;
use super::connection_activity::ConnectionActivity;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How long an idle connection from the address of a proxy with a key is kept: its first request,
/// which proves that it is of the proxy, is on the way.
const PROOF_TIME: Duration = Duration::from_secs(1);

/// The connections by client.
#[derive(Debug, Default)]
pub(super) struct ConnectionTable(Mutex<HashMap<Client, Vec<Arc<ConnectionActivity>>>>);

impl ConnectionTable {
    /// Adds a connection until the entry is dropped.
    pub(super) fn add(
        self: &Arc<Self>,
        client: Client,
        activity: &Arc<ConnectionActivity>,
    ) -> ConnectionEntry {
        self.connections().entry(client).or_default().push(Arc::clone(activity));
        ConnectionEntry { table: Arc::clone(self), client, activity: Arc::clone(activity) }
    }

    /// Closes a connection if more than half of `max` are `open`: the longest idle one of the
    /// client with the most connections. If that client has no idle one, its longest busy one is
    /// closed, but only when less than a sixteenth of the connections is left. At the address of a
    /// proxy with a key, an idle one is older than [`PROOF_TIME`]. Returns that client if it has
    /// more than a quarter of the connections.
    pub(super) fn make_room(&self, open: usize, max: usize) -> Option<Client> {
        if open * 2 <= max {
            return None;
        }
        let connections = self.connections();
        let (client, largest) = connections.iter().max_by_key(|(_, open)| own(open).count())?;
        let idle = own(largest).filter_map(|activity| Some((activity.idle_since()?, activity)));
        let busy = own(largest).filter_map(|activity| Some((activity.busy_since()?, activity)));
        let is_proxy = largest.iter().any(|activity| activity.is_shared());
        let longest_idle = idle.min_by_key(|(since, _)| *since);
        let longest_idle =
            longest_idle.filter(|(since, _)| !is_proxy || since.elapsed() > PROOF_TIME);
        let may_close_busy = max.saturating_sub(open) < max / 16;
        let longest_busy = || busy.min_by_key(|(since, _)| *since).filter(|_| may_close_busy);
        if let Some((_, activity)) = longest_idle.or_else(longest_busy) {
            tracing::debug!(%client, connections = largest.len(), "connection evicted");
            activity.evict();
        }
        (own(largest).count() * 4 > max).then_some(*client)
    }

    fn connections(&self) -> MutexGuard<'_, HashMap<Client, Vec<Arc<ConnectionActivity>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When the new connections of the client that crowds out others are served.
#[derive(Debug)]
pub(super) struct Pace {
    last: Instant,
}

impl Pace {
    /// Interval between two connections: longer than the requests take that arrive at once on one.
    const INTERVAL: Duration = Duration::from_millis(10);
    /// The longest wait of a connection, even if more are waiting.
    pub(super) const MAX_WAIT: Duration = Duration::from_secs(1);

    pub(super) fn new() -> Self {
        Self { last: Instant::now() }
    }

    /// Returns when the next connection is served.
    pub(super) fn next(&mut self) -> Instant {
        let now = Instant::now();
        self.last = (self.last + Self::INTERVAL).clamp(now, now + Self::MAX_WAIT);
        self.last
    }
}

/// Returns the connections that belong to a single client.
fn own(open: &[Arc<ConnectionActivity>]) -> impl Iterator<Item = &Arc<ConnectionActivity>> {
    open.iter().filter(|activity| !activity.is_shared())
}

/// Removes a connection from its table when it is dropped.
pub(super) struct ConnectionEntry {
    table: Arc<ConnectionTable>,
    client: Client,
    activity: Arc<ConnectionActivity>,
}

impl Drop for ConnectionEntry {
    fn drop(&mut self) {
        let mut connections = self.table.connections();
        let Some(open) = connections.get_mut(&self.client) else { return };
        open.retain(|activity| !Arc::ptr_eq(activity, &self.activity));
        if open.is_empty() {
            connections.remove(&self.client);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::message_scanner::BodyFraming;
    use super::*;
    use http::Version;
    use std::net::IpAddr;
    use tokio::time::advance;

    struct Connections {
        table: Arc<ConnectionTable>,
        open: Vec<(Arc<ConnectionActivity>, ConnectionEntry)>,
    }

    impl Connections {
        fn new() -> Self {
            Self { table: Arc::default(), open: Vec::new() }
        }

        /// Opens a connection a second after the one before, and returns its index.
        async fn open(&mut self, client: u8) -> usize {
            advance(Duration::from_secs(1)).await;
            let activity = ConnectionActivity::new();
            let client = Client::from(IpAddr::from([192, 0, 2, client]));
            let entry = self.table.add(client, &activity);
            self.open.push((activity, entry));
            self.open.len() - 1
        }

        /// Makes room, and returns the indices of the connections that are to be closed.
        fn evicted(&self, open: usize, max: usize) -> Vec<usize> {
            self.table.make_room(open, max);
            let is_closed = |activity: &ConnectionActivity| {
                activity.idle_since().is_none() && activity.busy_since().is_none()
            };
            let closed = self.open.iter().enumerate().filter(|(_, (open, _))| is_closed(open));
            closed.map(|(index, _)| index).collect()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn longest_idle_connection_of_the_largest_client_is_closed() {
        let mut connections = Connections::new();
        let other = connections.open(1).await;
        let busy = connections.open(2).await;
        let idle = connections.open(2).await;
        let recent = connections.open(2).await;
        let _request =
            connections.open[busy].0.begin_request(Version::HTTP_11, BodyFraming::Length(0));
        assert_eq!(connections.evicted(32, 64), [0; 0], "half of the connections is unused");
        assert_eq!(connections.evicted(33, 64), [idle]);
        assert_eq!(connections.evicted(33, 64), [idle, recent]);
        assert_eq!(connections.evicted(33, 64), [idle, recent], "busy connections are kept");
        assert_eq!(connections.evicted(62, 64), [busy, idle, recent], "unless few are left");
        assert_eq!(
            connections.evicted(64, 64),
            [busy, idle, recent],
            "{other} is of another client"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn client_that_crowds_out_others_is_known_when_connections_are_scarce() {
        let mut connections = Connections::new();
        for client in [[1].as_slice(), &[2; 16]].concat() {
            connections.open(client).await;
        }
        assert_eq!(connections.table.make_room(32, 64), None);
        assert_eq!(connections.table.make_room(33, 64), None, "a quarter belongs to it");
        connections.open(2).await;
        let largest = Client::from(IpAddr::from([192, 0, 2, 2]));
        assert_eq!(connections.table.make_room(33, 64), Some(largest));
    }

    #[tokio::test(start_paused = true)]
    async fn pace_separates_connections_and_bounds_their_wait() {
        let mut pace = Pace::new();
        advance(Duration::from_secs(1)).await;
        let now = Instant::now();
        let waits: Vec<u128> =
            (0..200).map(|_| pace.next().duration_since(now).as_millis()).collect();
        assert_eq!(waits[..4], [0, 10, 20, 30]);
        assert_eq!(waits[99..102], [990, 1000, 1000]);
        advance(Duration::from_secs(2)).await;
        assert_eq!(pace.next(), Instant::now());
    }

    #[tokio::test(start_paused = true)]
    async fn shared_connections_are_not_evicted() {
        let mut connections = Connections::new();
        for _ in 0..3 {
            let shared = connections.open(1).await;
            connections.open[shared].0.set_shared();
        }
        let own = connections.open(2).await;
        assert_eq!(connections.evicted(64, 64), [own]);
        assert_eq!(connections.evicted(64, 64), [own], "nothing else can be closed");
    }

    #[tokio::test(start_paused = true)]
    async fn new_connection_of_a_proxy_has_time_to_prove_it() {
        let mut connections = Connections::new();
        let shared = connections.open(1).await;
        connections.open[shared].0.set_shared();
        let new = connections.open(1).await;
        assert_eq!(connections.evicted(33, 64), [0; 0]);
        advance(PROOF_TIME + Duration::from_millis(1)).await;
        assert_eq!(connections.evicted(33, 64), [new], "it has sent nothing");
    }

    #[tokio::test(start_paused = true)]
    async fn closed_connections_leave_the_table() {
        let mut connections = Connections::new();
        for client in [1, 1, 2] {
            connections.open(client).await;
        }
        connections.open.clear();
        assert!(connections.table.connections().is_empty());
    }
}
