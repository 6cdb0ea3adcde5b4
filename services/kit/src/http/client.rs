//! Clients of an HTTP server, also behind proxies.
//!
//! The client is the peer of the connection, or, when the peer is a trusted proxy, the right-most
//! address of `X-Forwarded-For` that is not a trusted proxy itself. Entries further left were
//! written by an untrusted party. A proxy with a key has determined its client in the same way, and
//! names it alone.

use super::proxy_keys::ProxyKeys;
use http::HeaderMap;
use ipnet::IpNet;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use std::sync::Arc;

/// The header in which proxies pass the addresses of their clients on.
pub const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// Maximum number of proxies in front of the server; entries further left are ignored.
const MAX_HOPS: usize = 16;

/// IP network or single address: `10.0.0.0/8`, `10.0.0.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let single = || text.parse::<IpAddr>().map(IpNet::from);
        let network: IpNet = text
            .parse()
            .or_else(|_| single())
            .map_err(|_| "expected a network such as 10.0.0.0/8, or an address".to_owned())?;
        match network.prefix_len() {
            0 => Err("expected a network that does not contain every address".to_owned()),
            _ => Ok(Self(network)),
        }
    }
}

/// Proxies whose `X-Forwarded-For` is trusted. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies {
    networks: Arc<[Network]>,
    keys: Option<ProxyKeys>,
}

impl TrustedProxies {
    /// Trusts the proxies in these networks.
    #[must_use]
    pub fn new(networks: &[Network]) -> Self {
        Self { networks: networks.into(), keys: None }
    }

    /// Trusts requests with one of these keys, too, whatever their network is.
    #[must_use]
    pub fn with_keys(self, keys: Option<ProxyKeys>) -> Self {
        Self { keys, ..self }
    }

    /// Whether the address is one of a trusted proxy.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|Network(network)| network.contains(&address))
    }

    /// Returns who sent a request that arrived from `peer`.
    pub(super) fn identify(&self, peer: IpAddr, headers: &HeaderMap) -> Sender {
        if self.keys.as_ref().is_some_and(|keys| keys.accept(headers)) {
            let client = single_forwarded_address(headers).unwrap_or(peer);
            return Sender { client: client.into(), is_direct: false, has_proxy_key: true };
        }
        Sender {
            client: Client::from(self.client_address(peer, headers)),
            is_direct: !self.contains(peer),
            has_proxy_key: false,
        }
    }

    fn client_address(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        let lines: Vec<_> = headers.get_all(X_FORWARDED_FOR).iter().collect();
        let entries =
            lines.iter().rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        for entry in entries.take(MAX_HOPS) {
            if !self.contains(client) {
                break;
            }
            // A trusted proxy writes addresses only: stop at the last valid one.
            let Some(hop) = parse(entry) else { break };
            client = hop;
        }
        client
    }
}

/// Who sent a request. Handlers and layers find it in the request's extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender {
    /// The client.
    pub client: Client,
    /// Whether the client is the peer of the connection, and no trusted proxy is between.
    pub is_direct: bool,
    /// Whether the request came from a proxy with a key.
    pub has_proxy_key: bool,
}

/// A client, as limits count it: an IPv4 address, or the /64 of an IPv6 address, because one
/// household or one server owns a whole /64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Client(IpAddr);

impl Client {
    /// The IPv4 address, or the first address of the /64.
    #[must_use]
    pub fn address(self) -> IpAddr {
        self.0
    }
}

impl From<IpAddr> for Client {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
        })
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(network) => write!(f, "{network}/64"),
        }
    }
}

/// Returns the address in `X-Forwarded-For`, if it has exactly one.
fn single_forwarded_address(headers: &HeaderMap) -> Option<IpAddr> {
    let mut lines = headers.get_all(X_FORWARDED_FOR).iter();
    let line = lines.next().filter(|_| lines.next().is_none());
    parse(line?.as_bytes())
}

/// Parses `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`.
fn parse(entry: &[u8]) -> Option<IpAddr> {
    let entry = str::from_utf8(entry).ok()?.trim();
    let bare = entry.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(entry);
    let address = bare
        .parse::<IpAddr>()
        .or_else(|_| entry.parse::<SocketAddr>().map(|address| address.ip()))
        .ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::super::proxy_keys::X_PROXY_KEY;
    use super::*;
    use http::HeaderValue;

    fn client_of(peer: &str, lines: &[&'static str]) -> String {
        let networks = ["10.0.0.0/8", "fd00::/8"].map(|net| net.parse().expect("a network"));
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_static(line));
        }
        let peer: IpAddr = peer.parse().expect("an address");
        TrustedProxies::new(&networks).client_address(peer, &headers).to_string()
    }

    #[test]
    fn header_of_untrusted_peer_is_ignored() {
        assert_eq!(client_of("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
    }

    #[test]
    fn right_most_untrusted_address_is_the_client() {
        let table: [(&[&'static str], &str); 7] = [
            (&["198.51.100.1"], "198.51.100.1"),
            (&["6.6.6.6, 198.51.100.1, 10.9.9.9"], "198.51.100.1"),
            (&["6.6.6.6", "198.51.100.1", "10.9.9.9"], "198.51.100.1"),
            (&["198.51.100.1:4711"], "198.51.100.1"),
            (&["[2001:db8::1]:4711"], "2001:db8::1"),
            (&["::ffff:198.51.100.1"], "198.51.100.1"),
            (&["10.1.1.1, fd00::7"], "10.1.1.1"),
        ];
        for (lines, expected) in table {
            assert_eq!(client_of("10.0.0.1", lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn invalid_entry_ends_the_search() {
        assert_eq!(client_of("10.0.0.1", &["198.51.100.1, unknown, 10.2.2.2"]), "10.2.2.2");
        assert_eq!(client_of("10.0.0.1", &[""]), "10.0.0.1");
    }

    #[test]
    fn ipv4_mapped_peer_is_canonicalized() {
        assert_eq!(client_of("::ffff:10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn client_is_direct_without_a_trusted_proxy() {
        let proxies = TrustedProxies::new(&["10.0.0.0/8".parse().expect("a network")]);
        for (peer, is_direct) in
            [("10.0.0.1", false), ("::ffff:10.0.0.1", false), ("11.0.0.1", true)]
        {
            let sender = proxies.identify(peer.parse().expect("an address"), &HeaderMap::new());
            assert_eq!(sender.is_direct, is_direct, "{peer}");
        }
    }

    #[test]
    fn proxy_with_key_names_its_client() {
        let networks = ["10.0.0.0/8".parse().expect("a network")];
        let keys = ProxyKeys::for_tests(&["key"]);
        let proxies = TrustedProxies::new(&networks).with_keys(Some(keys));
        let identify = |peer: &str, key: &'static str, lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            headers.append(X_PROXY_KEY, HeaderValue::from_static(key));
            for line in lines {
                headers.append(X_FORWARDED_FOR, HeaderValue::from_static(line));
            }
            let sender = proxies.identify(peer.parse().expect("an address"), &headers);
            (sender.client.to_string(), sender.is_direct, sender.has_proxy_key)
        };
        for (lines, client) in [
            (&["198.51.100.1"][..], "198.51.100.1"),
            (&["2001:db8::1"], "2001:db8::/64"),
            // The list of networks is not applied again.
            (&["10.7.7.7"], "10.7.7.7"),
            (&[], "203.0.113.9"),
            (&["198.51.100.1, 198.51.100.2"], "203.0.113.9"),
            (&["198.51.100.1", "198.51.100.2"], "203.0.113.9"),
            (&["unknown"], "203.0.113.9"),
        ] {
            let expected = (client.to_owned(), false, true);
            assert_eq!(identify("203.0.113.9", "key", lines), expected, "{lines:?}");
        }
        for (peer, client, is_direct) in
            [("203.0.113.9", "203.0.113.9", true), ("10.0.0.1", "198.51.100.1", false)]
        {
            let expected = (client.to_owned(), is_direct, false);
            assert_eq!(identify(peer, "wrong", &["198.51.100.1"]), expected);
        }
    }

    #[test]
    fn bare_address_is_a_network_of_one() {
        let network = |text: &str| text.parse::<Network>();
        for (bare, whole) in
            [("10.0.0.1", "10.0.0.1/32"), ("2001:db8::1", "2001:db8::1/128"), ("::/1", "::/1")]
        {
            assert_eq!(network(bare), network(whole), "{bare}");
        }
        for wrong in ["", "10.0.0.1/33", "10.0.0", "proxy", "10.0.0.1:80"] {
            assert!(network(wrong).expect_err(wrong).contains("10.0.0.0/8"));
        }
    }

    #[test]
    fn ipv6_addresses_of_one_network_are_one_client() {
        let client = |text: &str| Client::from(text.parse::<IpAddr>().expect("an address"));
        assert_eq!(client("2001:db8:1:2:3::4"), client("2001:db8:1:2:ffff::"));
        assert_ne!(client("2001:db8:1:2::"), client("2001:db8:1:3::"));
        assert_eq!(client("2001:db8:1:2:3::4").to_string(), "2001:db8:1:2::/64");
        assert_eq!(client("192.0.2.7").to_string(), "192.0.2.7");
        assert_eq!(client("::ffff:192.0.2.7"), client("192.0.2.7"));
    }
}
