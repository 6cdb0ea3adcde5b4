//! The children of a Storefront: their identity and the action to take on each.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::Resource;
use serde::Serialize;
use serde_json::Value;

use crate::manifest::manifest;

/// The kind of a child. The order is the order of writes in one reconciliation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `v1/ServiceAccount`
    ServiceAccount,
    /// `v1/Secret`
    Secret,
    /// `v1/ConfigMap`
    ConfigMap,
    /// `v1/PersistentVolumeClaim`: never deleted by the operator.
    PersistentVolumeClaim,
    /// `v1/Service`
    Service,
    /// `apps/v1/StatefulSet`
    StatefulSet,
    /// `batch/v1/Job`
    Job,
    /// `apps/v1/Deployment`
    Deployment,
}

impl Kind {
    /// All kinds, in the order of writes.
    pub const ALL: [Kind; 8] = [
        Kind::ServiceAccount,
        Kind::Secret,
        Kind::ConfigMap,
        Kind::PersistentVolumeClaim,
        Kind::Service,
        Kind::StatefulSet,
        Kind::Job,
        Kind::Deployment,
    ];

    /// Returns the value of `kind` in a manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::ServiceAccount => "ServiceAccount",
            Kind::Secret => "Secret",
            Kind::ConfigMap => "ConfigMap",
            Kind::PersistentVolumeClaim => "PersistentVolumeClaim",
            Kind::Service => "Service",
            Kind::StatefulSet => "StatefulSet",
            Kind::Job => "Job",
            Kind::Deployment => "Deployment",
        }
    }

    /// Returns the API version for reads and writes: `v1`, `apps/v1`, `batch/v1`.
    #[must_use]
    pub fn api_version(self) -> &'static str {
        match self {
            Kind::StatefulSet | Kind::Deployment => "apps/v1",
            Kind::Job => "batch/v1",
            _ => "v1",
        }
    }
}

/// The identity of a child, unique within its namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// The child's kind.
    pub kind: Kind,
    /// The child's `metadata.name`.
    pub name: String,
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind.as_str(), self.name)
    }
}

/// A child that should exist.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// The identity of the child.
    pub id: ObjectId,
    /// The action to take.
    pub action: Action,
}

impl Object {
    /// Creates an object with [`Action::Apply`].
    pub(crate) fn apply<T: Resource + Serialize>(kind: Kind, name: String, object: &T) -> Self {
        Self { id: ObjectId { kind, name }, action: Action::Apply(manifest(object)) }
    }

    /// Creates an object with [`Action::Keep`].
    pub(crate) fn keep(kind: Kind, name: String) -> Self {
        Self { id: ObjectId { kind, name }, action: Action::Keep }
    }
}

/// The action to take on a child.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Server-side apply of this complete manifest, which includes the owner reference.
    Apply(Value),
    /// Creation if the child does not exist. It is never written again, because its content is
    /// random.
    CreateOnce(SecretTemplate),
    /// No write, whether the child exists or not: it waits for an earlier step of the rollout.
    Keep,
}

/// The template of a Secret with random content.
#[derive(Clone, Debug, PartialEq)]
pub struct SecretTemplate {
    /// The manifest without `data`.
    pub manifest: Value,
    /// The values in `data`, by key.
    pub fields: BTreeMap<String, SecretField>,
}

/// How to generate a value of a Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretField {
    /// This fixed text.
    Fixed(String),
    /// A password of 32 random letters and digits (190 bits).
    Password,
    /// A JSON Web Key Set (RFC 7517, RFC 8037) with one new Ed25519 key, including the private
    /// part. A Secret contains at most one such key.
    SigningKeys,
    /// The same set without the private part.
    PublicKeys,
}
