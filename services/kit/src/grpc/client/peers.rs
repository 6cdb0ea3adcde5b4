//! The addresses of a target, each with its connection.

use super::connector::Connector;
use super::pick::{Candidate, pick};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Maximum number of addresses that are used. Of more pods, the first in order get the calls.
const MAX_PEERS: usize = 64;

/// How long a failed address is avoided while there are others.
const DOWN_DURATION: Duration = Duration::from_secs(2);

/// One address of a target.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    pub(super) channel: tonic::transport::Channel,
    in_flight: AtomicUsize,
    down_until: Mutex<Option<Instant>>,
}

impl Peer {
    fn new(address: SocketAddr, connector: &Connector) -> Option<Arc<Self>> {
        Some(Arc::new(Self {
            address,
            channel: connector.channel(address)?,
            in_flight: AtomicUsize::new(0),
            down_until: Mutex::new(None),
        }))
    }

    /// Avoids the address for [`DOWN_DURATION`].
    pub(super) fn mark_down(&self) {
        self.set_down(Instant::now().checked_add(DOWN_DURATION));
    }

    pub(super) fn mark_up(&self) {
        self.set_down(None);
    }

    fn set_down(&self, until: Option<Instant>) {
        *self.down_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }

    fn is_down(&self, now: Instant) -> bool {
        let until = *self.down_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| now < until)
    }

    /// Counts a call to the address as in flight until the guard is dropped.
    pub(super) fn track_call(self: &Arc<Self>) -> InFlightCall {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlightCall(Arc::clone(self))
    }
}

/// A call in flight to an address.
#[derive(Debug)]
pub(super) struct InFlightCall(Arc<Peer>);

impl Drop for InFlightCall {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All addresses of a target.
#[derive(Clone, Debug, Default)]
pub(super) struct Peers(Arc<[Arc<Peer>]>);

impl Peers {
    /// Returns the peers for the addresses found now; known addresses keep their connections.
    /// `None` when nothing has changed.
    pub(super) fn update(&self, found: Vec<SocketAddr>, connector: &Connector) -> Option<Self> {
        let known: Vec<SocketAddr> = self.0.iter().map(|peer| peer.address).collect();
        let wanted = normalize(found);
        if known == wanted {
            return None;
        }
        let keep = |address| self.0.iter().find(|peer| peer.address == address).cloned();
        let peers = wanted
            .into_iter()
            .filter_map(|address| keep(address).or_else(|| Peer::new(address, connector)));
        Some(Self(peers.collect()))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Picks the address for a call, if there is any; see [`super::pick`].
    pub(super) fn pick(
        &self,
        turn: usize,
        tried: Option<SocketAddr>,
        now: Instant,
    ) -> Option<Arc<Peer>> {
        let candidates: Vec<Candidate> = self
            .0
            .iter()
            .map(|peer| Candidate {
                in_flight: peer.in_flight.load(Ordering::Relaxed),
                down: peer.is_down(now),
                tried: tried == Some(peer.address),
            })
            .collect();
        pick(&candidates, turn).map(|index| Arc::clone(&self.0[index]))
    }
}

/// Sorts and deduplicates the addresses and limits their number.
fn normalize(mut found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    found.sort_unstable();
    found.dedup();
    found.truncate(MAX_PEERS);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(ports: &[u16]) -> Vec<SocketAddr> {
        ports.iter().map(|port| SocketAddr::from(([127, 0, 0, 1], *port))).collect()
    }

    fn connector() -> Connector {
        Connector::new(&"http://catalog:1".parse().expect("an address"), None)
    }

    fn ports(peers: &Peers) -> Vec<u16> {
        peers.0.iter().map(|peer| peer.address.port()).collect()
    }

    #[tokio::test]
    async fn known_addresses_keep_their_connection() {
        let connector = connector();
        let first = Peers::default().update(addresses(&[2, 1]), &connector).expect("a change");
        assert_eq!(ports(&first), [1, 2]);
        assert!(
            first.update(addresses(&[1, 2, 2]), &connector).is_none(),
            "the order does not matter"
        );

        let second = first.update(addresses(&[3, 2]), &connector).expect("a change");
        assert_eq!(ports(&second), [2, 3]);
        assert!(Arc::ptr_eq(&first.0[1], &second.0[0]));
        let none = second.update(Vec::new(), &connector).expect("a change");
        assert_eq!(none.len(), 0);
        assert!(none.pick(0, None, Instant::now()).is_none());
    }

    #[test]
    fn number_of_addresses_is_limited() {
        let many: Vec<u16> = (1..=500).collect();
        assert_eq!(normalize(addresses(&many)).len(), MAX_PEERS);
    }

    #[tokio::test]
    async fn failed_address_is_avoided_for_down_duration() {
        let connector = connector();
        let peers = Peers::default().update(addresses(&[1, 2]), &connector).expect("a change");
        peers.0[0].mark_down();
        let picked = |turn, now| peers.pick(turn, None, now).expect("an address").address.port();
        let now = Instant::now();
        assert_eq!((picked(0, now), picked(1, now)), (2, 2));
        let later = now + DOWN_DURATION;
        assert_eq!((picked(0, later), picked(1, later)), (1, 2));
    }
}
