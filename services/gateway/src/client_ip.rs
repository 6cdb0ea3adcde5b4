//! Whose request it is, when proxies stand in between.
//!
//! The peer of the connection, or, when that is a trusted proxy, the right-most address of
//! `X-Forwarded-For` that is not a trusted proxy itself. Anything further left was written by
//! somebody we do not trust.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use http::HeaderMap;
use ipnet::IpNet;

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// Proxies in front of us at most; what lies further left is not looked at.
const MAX_HOPS: usize = 16;

/// Addresses that have a beginning in common, or a single one: `10.0.0.0/8`, `10.0.0.1`.
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

/// The address that the request of `peer` comes from.
pub(crate) fn client_ip(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let mut client = peer.to_canonical();
    let lines: Vec<_> = headers.get_all(X_FORWARDED_FOR).iter().collect();
    let entries = lines.iter().rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    for entry in entries.take(MAX_HOPS) {
        if !trusted.iter().any(|Network(net)| net.contains(&client)) {
            break;
        }
        // An entry that is no address was not written by a proxy of ours: the last one counts.
        let Some(hop) = parse(entry) else { break };
        client = hop;
    }
    client
}

/// What a caller is counted by: the address, or the /64 of an IPv6 one, as one household or one
/// server has all of that.
pub(crate) fn counted_as(client: IpAddr) -> String {
    match client {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`.
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

    use super::{Network, client_ip, counted_as};

    fn seen(peer: &str, lines: &[&'static str]) -> String {
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
    fn what_a_stranger_claims_is_not_believed() {
        assert_eq!(seen("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
    }

    #[test]
    fn behind_proxies_the_right_most_stranger_counts() {
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
            assert_eq!(seen("10.0.0.1", lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn an_entry_that_is_no_address_ends_the_search() {
        assert_eq!(seen("10.0.0.1", &["198.51.100.1, unknown, 10.2.2.2"]), "10.2.2.2");
        assert_eq!(seen("10.0.0.1", &[""]), "10.0.0.1");
    }

    #[test]
    fn a_mapped_peer_is_the_address_it_maps() {
        assert_eq!(seen("::ffff:10.0.0.1", &["198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn a_bare_address_is_a_network_of_one() {
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
    fn a_household_with_ipv6_is_one_caller() {
        let of = |text: &str| counted_as(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:1:2:3::4"), of("2001:db8:1:2:ffff::"));
        assert_ne!(of("2001:db8:1:2::"), of("2001:db8:1:3::"));
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
    }
}
