//! Client address of a request behind proxies.
//!
//! The client is the peer of the connection, or, when the peer is a trusted proxy, the right-most
//! address of `X-Forwarded-For` that is not a trusted proxy itself. Entries further left were
//! written by an untrusted party.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use http::HeaderMap;
use ipnet::IpNet;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// Maximum number of proxies in front of the gateway; entries further left are ignored.
const MAX_HOPS: usize = 16;

/// IP network or single address: `10.0.0.0/8`, `10.0.0.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(IpNet);

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let single = || text.parse::<IpAddr>().map(IpNet::from);
        text.parse()
            .or_else(|_| single())
            .map(Self)
            .map_err(|_| "expected a network such as 10.0.0.0/8, or an address".to_owned())
    }
}

/// Returns the address of the client whose request arrived from `peer`.
pub(crate) fn client_ip(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let mut client = peer.to_canonical();
    let lines: Vec<_> = headers.get_all(X_FORWARDED_FOR).iter().collect();
    let entries = lines.iter().rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    for entry in entries.take(MAX_HOPS) {
        if !trusted.iter().any(|Network(net)| net.contains(&client)) {
            break;
        }
        // A trusted proxy writes addresses only: stop at the last valid one.
        let Some(hop) = parse(entry) else { break };
        client = hop;
    }
    client
}

/// Returns the key of the client's rate limit: the address, or the /64 of an IPv6 address, because
/// one household or one server owns a whole /64.
pub(crate) fn rate_limit_key(client: IpAddr) -> String {
    match client {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
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
    use std::net::IpAddr;

    use http::{HeaderMap, HeaderValue};

    use super::{Network, client_ip, rate_limit_key};

    fn client_of(peer: &str, lines: &[&'static str]) -> String {
        let trusted: Vec<Network> =
            ["10.0.0.0/8", "fd00::/8"].iter().map(|net| net.parse().expect("a net")).collect();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_static(line));
        }
        let peer: IpAddr = peer.parse().expect("an address");
        client_ip(peer, &headers, &trusted).to_string()
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
    fn bare_address_is_a_network_of_one() {
        let network = |text: &str| text.parse::<Network>();
        for (bare, whole) in
            [("10.0.0.1", "10.0.0.1/32"), ("2001:db8::1", "2001:db8::1/128"), ("::/0", "::/0")]
        {
            assert_eq!(network(bare), network(whole), "{bare}");
        }
        for wrong in ["", "10.0.0.1/33", "10.0.0", "proxy", "10.0.0.1:80"] {
            assert!(network(wrong).expect_err(wrong).contains("10.0.0.0/8"));
        }
    }

    #[test]
    fn ipv6_clients_of_one_network_share_a_key() {
        let key = |text: &str| rate_limit_key(text.parse().expect("an address"));
        assert_eq!(key("2001:db8:1:2:3::4"), key("2001:db8:1:2:ffff::"));
        assert_ne!(key("2001:db8:1:2::"), key("2001:db8:1:3::"));
        assert_eq!(key("192.0.2.7"), "192.0.2.7");
    }
}
