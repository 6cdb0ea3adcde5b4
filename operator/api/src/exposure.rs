//! Where shoppers come in: the gateway's behaviour and how it is reached.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rules;

/// The most origins that browsers may call from.
pub const MAX_ORIGINS: usize = 32;
/// The largest rate that can be set; more than this is no limit, and 0 says that openly.
pub const MAX_RATE: i32 = 1_000_000;

/// The REST gateway's behaviour.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Gateway {
    /// Origins from which browsers may call the API, such as `https://shop.example.com`. Not set:
    /// the one of `expose.urls.web`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = MAX_ORIGINS), extend("x-kubernetes-list-type" = "set"))]
    pub cors_origins: Vec<Origin>,

    /// How often one client address may call.
    pub rate_limit: RateLimit,
}

/// How often one client address may call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RateLimit {
    /// Requests a minute over time. 0: no limit.
    #[schemars(range(min = 0, max = MAX_RATE))]
    pub requests_per_minute: i32,

    /// Requests at once after a quiet time.
    #[schemars(range(min = 1, max = MAX_RATE))]
    pub burst: i32,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self { requests_per_minute: 100, burst: 100 }
    }
}

/// Where a browser comes from or goes to: a scheme, a host and perhaps a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("x-kubernetes-validations" = rules::origin()))]
pub struct Origin(#[schemars(length(min = 1, max = 253))] pub String);

impl Origin {
    /// As it was written.
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

/// How the shop is reached from outside the cluster.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = rules::expose()))]
pub struct Expose {
    /// None: only from inside the cluster. NodePort: on a port of every node.
    #[serde(rename = "type")]
    pub kind: ExposeType,

    /// The ports of the nodes, with type NodePort. Where the gateway's is not set the cluster
    /// chooses one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node_ports: Option<NodePorts>,

    /// What people type to reach the shop, where the operator cannot know it.
    pub urls: Urls,
}

/// By which means the shop is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ExposeType {
    /// Only from inside the cluster.
    #[default]
    None,
    /// On a port of every node.
    NodePort,
}

/// Ports of the nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = rules::node_ports()))]
pub struct NodePorts {
    /// The gateway's port, from the cluster's range for node ports (usually 30000 to 32767).
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65_535))]
    pub gateway: Option<u16>,

    /// The port of the inbox's web page. Not set: the page is not exposed at all, because whoever
    /// reads the shop's mails can set other people's passwords.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65_535))]
    pub inbox: Option<u16>,
}

/// What people type to reach the shop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Urls {
    /// The web shop, such as `https://shop.example.com`. The gateway accepts browsers from
    /// there, and links in mails lead there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web: Option<Origin>,

    /// The REST API, such as `https://api.example.com`. It is shown in the status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<Origin>,
}
