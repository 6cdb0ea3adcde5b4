//! The addresses behind a name, each with its connection.

use super::dial::Dial;
use super::pick::{Candidate, pick};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Most addresses that are used; of more pods than that the first in order take the calls.
const MAX_PEERS: usize = 64;

/// How long a failed address is left alone while there are others.
const DOWN_FOR: Duration = Duration::from_secs(2);

/// One address.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    pub(super) channel: tonic::transport::Channel,
    in_flight: AtomicUsize,
    down_until: Mutex<Option<Instant>>,
}

impl Peer {
    fn new(address: SocketAddr, dial: &Dial) -> Option<Arc<Self>> {
        Some(Arc::new(Self {
            address,
            channel: dial.channel(address)?,
            in_flight: AtomicUsize::new(0),
            down_until: Mutex::new(None),
        }))
    }

    /// Leaves it alone for a while.
    pub(super) fn mark_down(&self) {
        self.set_down(Instant::now().checked_add(DOWN_FOR));
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

    /// Counts one call to it while the guard lives.
    pub(super) fn busy(self: &Arc<Self>) -> Busy {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        Busy(Arc::clone(self))
    }
}

/// One call to an address in progress.
#[derive(Debug)]
pub(super) struct Busy(Arc<Peer>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All addresses of a name.
#[derive(Clone, Debug, Default)]
pub(super) struct Peers(Arc<[Arc<Peer>]>);

impl Peers {
    /// The addresses found now; those known before keep their connections. `None` when nothing has
    /// changed.
    pub(super) fn update(&self, found: Vec<SocketAddr>, dial: &Dial) -> Option<Self> {
        let known: Vec<SocketAddr> = self.0.iter().map(|peer| peer.address).collect();
        let wanted = wanted(found);
        if known == wanted {
            return None;
        }
        let keep = |address| self.0.iter().find(|peer| peer.address == address).cloned();
        let peers = wanted
            .into_iter()
            .filter_map(|address| keep(address).or_else(|| Peer::new(address, dial)));
        Some(Self(peers.collect()))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The address to call now, if there is any.
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

/// In order, each once, no more than the bound.
fn wanted(mut found: Vec<SocketAddr>) -> Vec<SocketAddr> {
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

    fn dial() -> Dial {
        Dial::new(&"http://catalog:1".parse().expect("an address"), None)
    }

    fn ports(peers: &Peers) -> Vec<u16> {
        peers.0.iter().map(|peer| peer.address.port()).collect()
    }

    #[tokio::test]
    async fn addresses_that_stay_keep_their_connection() {
        let dial = dial();
        let first = Peers::default().update(addresses(&[2, 1]), &dial).expect("a change");
        assert_eq!(ports(&first), [1, 2]);
        assert!(first.update(addresses(&[1, 2, 2]), &dial).is_none(), "the same, in any order");

        let second = first.update(addresses(&[3, 2]), &dial).expect("a change");
        assert_eq!(ports(&second), [2, 3]);
        assert!(Arc::ptr_eq(&first.0[1], &second.0[0]));
        let none = second.update(Vec::new(), &dial).expect("a change");
        assert_eq!(none.len(), 0);
        assert!(none.pick(0, None, Instant::now()).is_none());
    }

    #[test]
    fn more_addresses_than_the_bound_are_cut() {
        let many: Vec<u16> = (1..=500).collect();
        assert_eq!(wanted(addresses(&many)).len(), MAX_PEERS);
    }

    #[tokio::test]
    async fn an_address_that_failed_is_left_alone_for_a_while() {
        let dial = dial();
        let peers = Peers::default().update(addresses(&[1, 2]), &dial).expect("a change");
        peers.0[0].mark_down();
        let picked = |turn, now| peers.pick(turn, None, now).expect("two").address.port();
        let now = Instant::now();
        assert_eq!((picked(0, now), picked(1, now)), (2, 2));
        let later = now + DOWN_FOR;
        assert_eq!((picked(0, later), picked(1, later)), (1, 2));
    }
}
