//! Discovery of a target's addresses by DNS.

use super::connector::Connector;
use super::peers::Peers;
use super::target::{ClientTarget, TargetUrl};
use crate::Runtime;
use crate::metrics::TargetLabels;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::lookup_host;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout};

/// Longest time for one DNS lookup.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(3);

/// Shortest time between two lookups, however many calls fail.
const MIN_INTERVAL: Duration = Duration::from_millis(500);

/// How long the last addresses are used while lookups fail: long enough for a restart of the
/// cluster's DNS, too short for an address to be reassigned to another shop.
const MAX_STALENESS: Duration = Duration::from_secs(30);

/// The addresses found so far, shared by the calls of a channel.
#[derive(Debug)]
pub(super) struct Discovery {
    /// `None` until the first lookup has completed.
    pub(super) peers: watch::Receiver<Option<Peers>>,
    refresh: Arc<Notify>,
}

impl Discovery {
    /// Starts the lookups, as a worker of the component.
    pub(super) fn start(target: &ClientTarget, runtime: &Runtime) -> Self {
        let (publisher, peers) = watch::channel(None);
        let refresh = Arc::new(Notify::new());
        let worker = DiscoveryWorker {
            connector: Connector::new(&target.url, runtime.tls()),
            target: target.clone(),
            runtime: runtime.clone(),
            peers: publisher,
            refresh: Arc::clone(&refresh),
        };
        runtime.spawn("discovery", worker.run());
        Self { peers, refresh }
    }

    /// A discovery with the given addresses and without lookups.
    #[cfg(test)]
    pub(super) fn fixed(
        addresses: &[SocketAddr],
        target: &ClientTarget,
        runtime: &Runtime,
    ) -> Self {
        let connector = Connector::new(&target.url, runtime.tls());
        let peers = Peers::default().update(addresses.to_vec(), &connector);
        let (_, peers) = watch::channel(Some(peers.unwrap_or_default()));
        Self { peers, refresh: Arc::new(Notify::new()) }
    }

    /// Requests a lookup soon, because a call has failed.
    pub(super) fn refresh(&self) {
        self.refresh.notify_one();
    }
}

struct DiscoveryWorker {
    target: ClientTarget,
    connector: Connector,
    runtime: Runtime,
    peers: watch::Sender<Option<Peers>>,
    refresh: Arc<Notify>,
}

impl DiscoveryWorker {
    async fn run(self) {
        let mut resolved = Instant::now();
        loop {
            match lookup(&self.target.url).await {
                Ok(addresses) => {
                    resolved = Instant::now();
                    self.publish(addresses);
                }
                Err(error) => {
                    tracing::debug!(%error, service = self.target.name, "DNS lookup failed");
                    let stale = resolved.elapsed() >= MAX_STALENESS;
                    if stale || self.peers.borrow().is_none() {
                        self.publish(Vec::new());
                    }
                }
            }
            sleep(MIN_INTERVAL).await;
            // Without addresses every call fails, so look them up at the shortest interval.
            let unknown = self.peers.borrow().as_ref().is_none_or(|peers| peers.len() == 0);
            let interval = if unknown { MIN_INTERVAL } else { self.target.refresh };
            let remaining = interval.saturating_sub(MIN_INTERVAL);
            // Waits for the interval or a failed call. Both lead to the next lookup.
            let requested = timeout(remaining, self.refresh.notified()).await.is_ok();
            tracing::trace!(requested, "DNS lookup started");
        }
    }

    fn publish(&self, addresses: Vec<SocketAddr>) {
        let known = self.peers.borrow().clone();
        let changed = known.clone().unwrap_or_default().update(addresses, &self.connector);
        let peers = match (changed, known) {
            (None, Some(_)) => return,
            (changed, _) => changed.unwrap_or_default(),
        };
        let (component, target) = (self.runtime.name(), self.target.name);
        let count = i64::try_from(peers.len()).unwrap_or(i64::MAX);
        let labels = TargetLabels { component, target };
        self.runtime.families().client_endpoints.get_or_create(&labels).set(count);
        tracing::info!(service = target, endpoints = count, "endpoints changed");
        self.peers.send_replace(Some(peers));
    }
}

async fn lookup(url: &TargetUrl) -> io::Result<Vec<SocketAddr>> {
    let found = timeout(LOOKUP_TIMEOUT, lookup_host((url.host.as_str(), url.port))).await;
    Ok(found.map_err(io::Error::from)??.collect())
}
