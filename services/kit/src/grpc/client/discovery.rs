//! Keeps the addresses behind a name up to date.

use super::dial::Dial;
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

/// Longest time for one look at the name.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(3);

/// Shortest time between two looks, however many calls fail.
const MIN_PAUSE: Duration = Duration::from_millis(500);

/// How long old addresses are used while the name cannot be resolved: long enough for a restart of
/// the cluster's DNS, too short for an address to be another shop's by then.
const STALE_FOR: Duration = Duration::from_secs(30);

/// What calls and the discovery share.
#[derive(Debug)]
pub(super) struct Discovered {
    /// `None` until the first look has ended.
    pub(super) peers: watch::Receiver<Option<Peers>>,
    failed: Arc<Notify>,
}

impl Discovered {
    /// Starts looking, as a worker of the component.
    pub(super) fn start(target: &ClientTarget, runtime: &Runtime) -> Self {
        let (found, peers) = watch::channel(None);
        let failed = Arc::new(Notify::new());
        let discovery = Discovery {
            dial: Dial::new(&target.url, runtime.tls()),
            target: target.clone(),
            runtime: runtime.clone(),
            found,
            failed: Arc::clone(&failed),
        };
        runtime.spawn("discovery", discovery.run());
        Self { peers, failed }
    }

    /// Addresses that stay as they are.
    #[cfg(test)]
    pub(super) fn given(
        addresses: &[SocketAddr],
        target: &ClientTarget,
        runtime: &Runtime,
    ) -> Self {
        let dial = Dial::new(&target.url, runtime.tls());
        let peers = Peers::default().update(addresses.to_vec(), &dial);
        let (_, peers) = watch::channel(Some(peers.unwrap_or_default()));
        Self { peers, failed: Arc::new(Notify::new()) }
    }

    /// A call has failed: worth another look soon.
    pub(super) fn refresh(&self) {
        self.failed.notify_one();
    }
}

struct Discovery {
    target: ClientTarget,
    dial: Dial,
    runtime: Runtime,
    found: watch::Sender<Option<Peers>>,
    failed: Arc<Notify>,
}

impl Discovery {
    async fn run(self) {
        let mut resolved = Instant::now();
        loop {
            match look(&self.target.url).await {
                Ok(addresses) => {
                    resolved = Instant::now();
                    self.publish(addresses);
                }
                Err(error) if resolved.elapsed() >= STALE_FOR || self.found.borrow().is_none() => {
                    tracing::debug!(%error, target = self.target.name, "the name does not resolve");
                    self.publish(Vec::new());
                }
                Err(error) => {
                    tracing::debug!(%error, target = self.target.name, "the name does not resolve");
                }
            }
            sleep(MIN_PAUSE).await;
            // Where nobody is, somebody is about to come: every call fails until they are found.
            let nobody = self.found.borrow().as_ref().is_none_or(|peers| peers.len() == 0);
            let rest = if nobody { MIN_PAUSE } else { self.target.refresh };
            let rest = rest.saturating_sub(MIN_PAUSE);
            // Until it is time, or a call fails; either way the next step is the same.
            let early = timeout(rest, self.failed.notified()).await.is_ok();
            tracing::trace!(early, "looking at the name again");
        }
    }

    fn publish(&self, addresses: Vec<SocketAddr>) {
        let known = self.found.borrow().clone();
        let changed = known.clone().unwrap_or_default().update(addresses, &self.dial);
        let peers = match (changed, known) {
            (None, Some(_)) => return,
            (changed, _) => changed.unwrap_or_default(),
        };
        let (component, target) = (self.runtime.name(), self.target.name);
        let count = i64::try_from(peers.len()).unwrap_or(i64::MAX);
        let labels = TargetLabels { component, target };
        self.runtime.families().client_endpoints.get_or_create(&labels).set(count);
        tracing::info!(target, endpoints = count, "the addresses have changed");
        self.found.send_replace(Some(peers));
    }
}

async fn look(url: &TargetUrl) -> io::Result<Vec<SocketAddr>> {
    let looked = timeout(LOOKUP_TIMEOUT, lookup_host((url.host.as_str(), url.port))).await;
    Ok(looked.map_err(io::Error::from)??.collect())
}
