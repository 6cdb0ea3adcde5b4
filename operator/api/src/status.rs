//! The status of a Storefront: the observed state. The operator writes it only when its meaning
//! changes.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::component::{Component, by_name};
use crate::datastores::Mode;

/// The observed state of the shop.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct StorefrontStatus {
    /// The generation of the Storefront that this status describes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// The conditions of the shop. Ready, Reconciling and Stalled summarize the whole shop, the
    /// others describe its parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,

    /// The current, the target and the last stable release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionStatus>,

    /// The number of ready components and of all components: `9/9`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<String>,

    /// The status of each component.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 32),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub components: Vec<ComponentStatus>,

    /// The URLs of the shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<Endpoints>,

    /// The PostgreSQL server in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseStatus>,
}

/// The releases of the shop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct VersionStatus {
    /// The release that all components run. Absent until all of them have run the same one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,

    /// The release that the spec requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,

    /// The last release with which the shop was Ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_stable: Option<String>,
}

/// The status of one component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComponentStatus {
    /// The name of the component.
    #[serde(with = "by_name")]
    #[schemars(schema_with = "by_name::schema")]
    pub name: Component,

    /// The number of ready pods.
    #[serde(default)]
    pub ready: i32,

    /// The number of desired pods.
    #[serde(default)]
    pub desired: i32,

    /// The release that all pods of the component run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,

    /// Pending: waits for something else to complete. Progressing: rolling out. Ready: all pods of
    /// the target release are ready. Failed: does not recover without a change. Suspended: stopped
    /// by `suspend`.
    pub state: ComponentState,

    /// The reason in CamelCase, if the component is not ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,

    /// The details of the reason, if the component is not ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The state of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ComponentState {
    /// Waits for something else to complete.
    Pending,
    /// Rolling out.
    Progressing,
    /// All pods of the target release are ready.
    Ready,
    /// Does not recover without a change.
    Failed,
    /// Stopped by `suspend`.
    Suspended,
}

/// The URLs of the shop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Endpoints {
    /// The URL of the web shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web: Option<String>,

    /// The URL of the REST API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
}

/// The PostgreSQL server in use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct DatabaseStatus {
    /// Who runs the server.
    pub mode: Mode,

    /// The host name of the server, as seen from pods.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

/// The type of a condition of a Storefront.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConditionType {
    /// Every part of the shop is ready and runs the target release.
    Ready,
    /// The operator is working towards the desired state.
    Reconciling,
    /// Reconciliation does not progress without a change by the user.
    Stalled,
    /// PostgreSQL accepts connections.
    DatabaseReady,
    /// Redis accepts connections.
    CacheReady,
    /// The managed Redis is nearly full, and refuses new carts when it is full.
    CacheMemoryPressure,
    /// The volumes of the managed servers have the desired size.
    StorageReady,
    /// The inbox receives mails.
    MailReady,
    /// Every database has the schema of the target release.
    MigrationsComplete,
    /// All pods of all components are ready.
    ComponentsReady,
    /// All components run the target release.
    UpToDate,
    /// The shop is stopped by `suspend`.
    Suspended,
}

impl ConditionType {
    /// All types, in the order in which conditions are written.
    pub const ALL: [Self; 12] = [
        Self::Ready,
        Self::Reconciling,
        Self::Stalled,
        Self::DatabaseReady,
        Self::CacheReady,
        Self::CacheMemoryPressure,
        Self::StorageReady,
        Self::MailReady,
        Self::MigrationsComplete,
        Self::ComponentsReady,
        Self::UpToDate,
        Self::Suspended,
    ];

    /// Returns the value of a condition's `type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
            Self::DatabaseReady => "DatabaseReady",
            Self::CacheReady => "CacheReady",
            Self::CacheMemoryPressure => "CacheMemoryPressure",
            Self::StorageReady => "StorageReady",
            Self::MailReady => "MailReady",
            Self::MigrationsComplete => "MigrationsComplete",
            Self::ComponentsReady => "ComponentsReady",
            Self::UpToDate => "UpToDate",
            Self::Suspended => "Suspended",
        }
    }
}

/// Returns the schema of a list of `metav1.Condition`, with the limits that Kubernetes documents.
fn conditions(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "array",
        "maxItems": 32,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["type"],
        "items": {
            "type": "object",
            "required": ["lastTransitionTime", "message", "reason", "status", "type"],
            "properties": {
                "type": {
                    "type": "string", "maxLength": 316,
                    "description": "The type of the condition.",
                },
                "status": {
                    "type": "string", "enum": ["True", "False", "Unknown"],
                    "description": "Whether the condition applies.",
                },
                "observedGeneration": {
                    "type": "integer", "format": "int64", "minimum": 0,
                    "description": "The generation of the Storefront that the condition describes.",
                },
                "lastTransitionTime": {
                    "type": "string", "format": "date-time",
                    "description": "When the status of the condition last changed.",
                },
                "reason": {
                    "type": "string", "minLength": 1, "maxLength": 1_024,
                    "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
                    "description": "The reason for the status, in CamelCase.",
                },
                "message": {
                    "type": "string", "maxLength": 32_768,
                    "description": "A human-readable message with the details of the reason.",
                },
            },
        },
    })
}
