//! Detection of a proxy that is not in `TRUSTED_PROXIES`.
//!
//! Behind such a proxy all shoppers count as one client. A private address that sends
//! `X-Forwarded-For` is probably one, because shoppers on the internet have public addresses.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use http::HeaderMap;
use kit::Runtime;
use kit::http::X_FORWARDED_FOR;
use prometheus_client::metrics::counter::Counter;

/// Counts requests of untrusted proxies, and warns about the first. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct UntrustedProxyMonitor {
    requests: Counter,
    warned: Arc<AtomicBool>,
}

impl UntrustedProxyMonitor {
    pub(crate) fn new(runtime: &Runtime) -> Self {
        let requests = runtime.metrics().register(
            "untrusted_proxy_requests",
            "Requests with X-Forwarded-For from a private address that is not a trusted proxy",
            Counter::default(),
        );
        Self { requests, warned: Arc::default() }
    }

    /// Records a request that arrived directly from `peer`, which is no trusted proxy.
    pub(crate) fn observe(&self, peer: IpAddr, headers: &HeaderMap) {
        if !headers.contains_key(X_FORWARDED_FOR) || !is_private(peer) {
            return;
        }
        self.requests.inc();
        if !self.warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %peer,
                "X-Forwarded-For of an untrusted proxy ignored: all its clients share one rate \
                 limit; add its network to TRUSTED_PROXIES"
            );
        }
    }
}

/// Whether an address is not one of the public internet: private, shared (RFC 6598), loopback,
/// link-local or unique local.
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let is_shared = first == 100 && (second & 0b1100_0000) == 64;
            address.is_private() || address.is_loopback() || address.is_link_local() || is_shared
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forwarded_requests_of_private_peers_are_counted() {
        let monitor = UntrustedProxyMonitor::new(&Runtime::for_tests());
        let forwarded = HeaderMap::from_iter([(
            http::HeaderName::from_static(X_FORWARDED_FOR),
            http::HeaderValue::from_static("198.51.100.1"),
        )]);
        let mut expected = 0;
        for (peer, is_private) in [
            ("10.0.0.1", true),
            ("172.16.0.1", true),
            ("192.168.1.1", true),
            ("100.64.0.1", true),
            ("127.0.0.1", true),
            ("::ffff:10.0.0.1", true),
            ("fd00::1", true),
            ("fe80::1", true),
            ("203.0.113.9", false),
            ("100.128.0.1", false),
            ("172.32.0.1", false),
            ("2001:db8::1", false),
        ] {
            let peer = peer.parse().expect("an address");
            monitor.observe(peer, &HeaderMap::new());
            monitor.observe(peer, &forwarded);
            expected += u64::from(is_private);
            assert_eq!(monitor.requests.get(), expected, "{peer}");
        }
    }
}
