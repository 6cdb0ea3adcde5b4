//! What the operator answers. It is written only when its meaning changes.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::component::{Component, by_name};
use crate::datastores::Mode;

/// What the operator has seen and done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct StorefrontStatus {
    /// The generation of the Storefront that this status speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,

    /// How the shop is: Ready, Reconciling and Stalled say it as a whole, the others part by part.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(schema_with = "conditions")]
    pub conditions: Vec<Condition>,

    /// The releases that serve, that are wanted, and that last served well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionStatus>,

    /// Components that are ready, of all: `2/2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ready: Option<String>,

    /// Each component by itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = 32),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub components: Vec<ComponentStatus>,

    /// Where the shop is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoints: Option<Endpoints>,

    /// The PostgreSQL server that is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseStatus>,
}

/// The releases of the shop.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct VersionStatus {
    /// The release that every component serves; absent until that was so once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<String>,

    /// The release that is wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,

    /// The last release with which the shop was ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_stable: Option<String>,
}

/// One component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ComponentStatus {
    /// Which component.
    #[serde(with = "by_name")]
    #[schemars(schema_with = "by_name::schema")]
    pub name: Component,

    /// Pods that are ready.
    #[serde(default)]
    pub ready: i32,

    /// Pods that are wanted.
    #[serde(default)]
    pub desired: i32,

    /// The release that all of its pods run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,

    /// Pending: not started yet, something else comes first. Progressing: on the way. Ready: all
    /// pods of the wanted release are ready. Failed: it will not get there by itself. Suspended:
    /// stopped on demand.
    pub state: ComponentState,

    /// The cause in one word, when it is not ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,

    /// The cause in words, when it is not ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// How one component is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ComponentState {
    /// Something else comes first.
    Pending,
    /// On the way.
    Progressing,
    /// All pods of the wanted release are ready.
    Ready,
    /// It will not get there by itself.
    Failed,
    /// Stopped on demand.
    Suspended,
}

/// Where the shop is reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Endpoints {
    /// The web shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web: Option<String>,

    /// The REST API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
}

/// The PostgreSQL server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct DatabaseStatus {
    /// Who runs it.
    pub mode: Mode,

    /// Its name as pods reach it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

/// The types of condition that a Storefront has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConditionType {
    /// Every part of the shop is up in the wanted release.
    Ready,
    /// The operator is working towards what is wanted.
    Reconciling,
    /// It will not get there unless somebody acts.
    Stalled,
    /// PostgreSQL accepts connections.
    DatabaseReady,
    /// Redis accepts connections.
    CacheReady,
    /// The volumes of the managed servers are as wanted.
    StorageReady,
    /// The inbox takes mails.
    MailReady,
    /// Every database has the schema of the wanted release.
    MigrationsComplete,
    /// Every component has all its pods ready.
    ComponentsReady,
    /// Every component runs the wanted release.
    UpToDate,
    /// The shop is stopped on demand.
    Suspended,
}

impl ConditionType {
    /// Every type, in the order in which conditions are written.
    pub const ALL: [Self; 11] = [
        Self::Ready,
        Self::Reconciling,
        Self::Stalled,
        Self::DatabaseReady,
        Self::CacheReady,
        Self::StorageReady,
        Self::MailReady,
        Self::MigrationsComplete,
        Self::ComponentsReady,
        Self::UpToDate,
        Self::Suspended,
    ];

    /// As a condition's `type` has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Reconciling => "Reconciling",
            Self::Stalled => "Stalled",
            Self::DatabaseReady => "DatabaseReady",
            Self::CacheReady => "CacheReady",
            Self::StorageReady => "StorageReady",
            Self::MailReady => "MailReady",
            Self::MigrationsComplete => "MigrationsComplete",
            Self::ComponentsReady => "ComponentsReady",
            Self::UpToDate => "UpToDate",
            Self::Suspended => "Suspended",
        }
    }
}

/// The schema of `metav1.Condition`, with its own limits.
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
                    "description": "What the condition is about.",
                },
                "status": {
                    "type": "string", "enum": ["True", "False", "Unknown"],
                    "description": "Whether it holds.",
                },
                "observedGeneration": {
                    "type": "integer", "format": "int64", "minimum": 0,
                    "description": "The generation of the Storefront that it speaks of.",
                },
                "lastTransitionTime": {
                    "type": "string", "format": "date-time",
                    "description": "When its status last changed.",
                },
                "reason": {
                    "type": "string", "minLength": 1, "maxLength": 1_024,
                    "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
                    "description": "Why, in one word.",
                },
                "message": {
                    "type": "string", "maxLength": 32_768,
                    "description": "Why, in words.",
                },
            },
        },
    })
}
