//! The part of the spec about access to the shop: the gateway's settings and its exposure.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rules;

/// The maximum number of CORS origins.
pub const MAX_ORIGINS: usize = 32;
/// The maximum number of networks of trusted proxies.
pub const MAX_TRUSTED_PROXIES: usize = 32;
/// The maximum length of a network in CIDR notation.
const MAX_NETWORK: usize = 49;
/// The maximum rate. A higher one would not limit anything; 0 disables the limit explicitly.
pub const MAX_RATE: i32 = 1_000_000;

/// Settings of the REST gateway.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Gateway {
    /// The origins from which browsers may call the API, such as `https://shop.example.com`.
    /// Default: `expose.urls.web`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MAX_ORIGINS), extend("x-kubernetes-list-type" = "set"))]
    pub cors_origins: Vec<Origin>,

    /// The rate limit per client address.
    pub rate_limit: RateLimit,

    /// The networks of the proxies in front of the gateway, such as an ingress controller, in CIDR
    /// notation. The gateway takes the client's address from the `X-Forwarded-For` header of their
    /// requests, and ignores the header of all others. Without this list, all clients behind a
    /// proxy count as one client, with one rate limit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MAX_TRUSTED_PROXIES), extend("x-kubernetes-list-type" = "set"))]
    pub trusted_proxies: Vec<Network>,

    /// Where the API reference (`/docs` and `/openapi.json`) is served. Public: on the port of the
    /// API. Internal: only on port 8081 of the Service `<name>-gateway-internal`, which is not
    /// reachable from outside the cluster. Off: nowhere.
    pub docs: RouteExposure,

    /// Where the routes of administrators (`/api/v1/admin`) are served, as for `docs`. The internal
    /// Service also serves the rest of the API, such as sign-in.
    pub admin: RouteExposure,
}

/// A rate limit per client address (GCRA).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RateLimit {
    /// The sustained number of requests per minute. 0 disables the limit.
    #[schemars(range(min = 0, max = MAX_RATE))]
    pub requests_per_minute: i32,

    /// The number of requests that are accepted at once.
    #[schemars(range(min = 1, max = MAX_RATE))]
    pub burst: i32,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self { requests_per_minute: 100, burst: 100 }
    }
}

/// Where a group of the gateway's routes is served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum RouteExposure {
    /// On the port of the API.
    #[default]
    Public,
    /// Only on the internal port.
    Internal,
    /// Nowhere.
    Off,
}

impl RouteExposure {
    /// Returns the value of the gateway's settings `DOCS_ROUTES` and `ADMIN_ROUTES`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Off => "off",
        }
    }
}

impl Gateway {
    /// Reports whether a group of routes is served only on the internal port.
    #[must_use]
    pub fn has_internal_routes(&self) -> bool {
        [self.docs, self.admin].contains(&RouteExposure::Internal)
    }
}

/// A network in CIDR notation, such as `10.0.0.0/8` or `2001:db8::/32`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("x-kubernetes-validations" = [rules::network()]))]
pub struct Network(#[schemars(length(min = 1, max = MAX_NETWORK))] pub String);

impl Network {
    /// Returns the network as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Network {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// A web origin: a scheme, a host and an optional port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("x-kubernetes-validations" = [rules::origin()]))]
pub struct Origin(#[schemars(length(min = 1, max = 253))] pub String);

impl Origin {
    /// Returns the origin as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Origin {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// Exposure of the shop outside the cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = [rules::expose()]))]
pub struct Expose {
    /// None: the shop is reachable only from inside the cluster. NodePort: it is reachable on a
    /// port of every node.
    #[serde(rename = "type")]
    pub kind: ExposeType,

    /// The node ports, with type NodePort. The cluster allocates those of the gateway and of the
    /// web shop that are not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_ports: Option<NodePorts>,

    /// The URLs that users enter to reach the shop, where the operator cannot determine them.
    pub urls: Urls,
}

/// How the shop is exposed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ExposeType {
    /// The shop is reachable only from inside the cluster.
    #[default]
    None,
    /// The shop is reachable on a port of every node.
    NodePort,
}

/// Node ports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = [rules::node_ports()]))]
pub struct NodePorts {
    /// The node port of the gateway, in the cluster's node port range (usually 30000 to 32767).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65_535))]
    pub gateway: Option<u16>,

    /// The node port of the web shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65_535))]
    pub web: Option<u16>,

    /// The node port of the inbox's web page. If it is not set, the page is not exposed, because
    /// anyone who can read the shop's mails can reset the passwords of other users.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65_535))]
    pub inbox: Option<u16>,
}

/// The URLs that users enter to reach the shop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Urls {
    /// The URL of the web shop, such as `https://shop.example.com`. It is a CORS origin by default,
    /// and links in mails use it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web: Option<Origin>,

    /// The URL of the REST API, such as `https://api.example.com`. The status reports it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<Origin>,
}
