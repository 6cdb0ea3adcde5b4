//! Where a request comes from: the account that acts, and the network of the client.
//!
//! The gateway sets both for a request that it serves. Clients send them with each call and
//! servers read them, so that a service can record who made a change. They are information for the
//! audit log, never permission: a service trusts its callers with them as with a `user_id` field.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use http::{HeaderMap, HeaderValue};
use uuid::Uuid;

/// The gRPC metadata key with the account that acts.
const ACTOR_KEY: &str = "x-actor-id";
/// The gRPC metadata key with the network of the client.
const NETWORK_KEY: &str = "x-client-network";

/// The network of a client: the /24 of an IPv4 address, the /48 of an IPv6 address. It shows where
/// a request came from without identifying a person's device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClientNetwork(IpAddr);

impl ClientNetwork {
    /// Returns the network of an address. An IPv4 address that is mapped to IPv6 counts as IPv4.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                Ipv4Addr::new(a, b, c, 0).into()
            }
            IpAddr::V6(address) => {
                let [a, b, c, ..] = address.segments();
                Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into()
            }
        })
    }
}

impl fmt::Display for ClientNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = if self.0.is_ipv4() { 24 } else { 48 };
        write!(f, "{}/{bits}", self.0)
    }
}

impl FromStr for ClientNetwork {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, _) = text.split_once('/').ok_or(())?;
        let network = Self::of(address.parse().map_err(drop)?);
        if network.to_string() == text { Ok(network) } else { Err(()) }
    }
}

/// The origin of a request. Each part is set at most once while the request is handled; clones
/// share it.
#[derive(Clone, Debug, Default)]
pub struct Origin(Arc<Parts>);

#[derive(Debug, Default)]
struct Parts {
    actor: OnceLock<Uuid>,
    network: OnceLock<ClientNetwork>,
}

impl Origin {
    /// Sets the account that acts, unless it is set.
    pub fn set_actor(&self, account: Uuid) {
        self.0.actor.get_or_init(|| account);
    }

    /// Sets the network of the client, unless it is set.
    pub fn set_network(&self, network: ClientNetwork) {
        self.0.network.get_or_init(|| network);
    }

    /// The account that acts; `None` for an anonymous client and for background work.
    #[must_use]
    pub fn actor(&self) -> Option<Uuid> {
        self.0.actor.get().copied()
    }

    /// The network of the client; `None` for background work.
    #[must_use]
    pub fn network(&self) -> Option<ClientNetwork> {
        self.0.network.get().copied()
    }

    /// Reads the origin that the caller of an RPC sent. Invalid values count as absent.
    pub(crate) fn from_headers(headers: &HeaderMap) -> Self {
        let origin = Self::default();
        if let Some(actor) = parse(headers, ACTOR_KEY) {
            origin.set_actor(actor);
        }
        if let Some(network) = parse(headers, NETWORK_KEY) {
            origin.set_network(network);
        }
        origin
    }

    /// Writes the origin into the headers of a call.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let actor = self.actor().map(|actor| actor.to_string());
        let network = self.network().map(|network| network.to_string());
        for (key, value) in [(ACTOR_KEY, actor), (NETWORK_KEY, network)] {
            if let Some(value) = value.and_then(|text| HeaderValue::try_from(text).ok()) {
                headers.insert(key, value);
            }
        }
    }
}

fn parse<T: FromStr>(headers: &HeaderMap, key: &str) -> Option<T> {
    headers.get(key)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(address: &str) -> String {
        ClientNetwork::of(address.parse().expect("an address")).to_string()
    }

    #[test]
    fn network_hides_the_end_of_the_address() {
        assert_eq!(network("203.0.113.9"), "203.0.113.0/24");
        assert_eq!(network("::ffff:203.0.113.9"), "203.0.113.0/24");
        assert_eq!(network("2001:db8:1:2::3"), "2001:db8:1::/48");
    }

    #[test]
    fn origin_survives_a_call() {
        let sent = Origin::default();
        sent.set_actor(Uuid::from_u128(7));
        sent.set_network(ClientNetwork::of("2001:db8:1:2::3".parse().expect("an address")));
        let mut headers = HeaderMap::new();
        sent.write(&mut headers);
        let received = Origin::from_headers(&headers);
        assert_eq!((received.actor(), received.network()), (sent.actor(), sent.network()));
    }

    #[test]
    fn invalid_values_count_as_absent() {
        for wrong in ["", "ada", "203.0.113.9", "203.0.113.9/24", "203.0.113.0/16"] {
            let mut headers = HeaderMap::new();
            for key in [ACTOR_KEY, NETWORK_KEY] {
                headers.insert(key, HeaderValue::from_static(wrong));
            }
            let origin = Origin::from_headers(&headers);
            assert_eq!((origin.actor(), origin.network()), (None, None), "{wrong:?}");
        }
    }

    #[test]
    fn first_value_stays() {
        let origin = Origin::default();
        origin.set_actor(Uuid::from_u128(1));
        origin.clone().set_actor(Uuid::from_u128(2));
        assert_eq!(origin.actor(), Some(Uuid::from_u128(1)));
    }
}
