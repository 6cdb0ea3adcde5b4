//! A child of a Storefront: what it is called and what is to be done about it.

use std::collections::BTreeMap;
use std::fmt;

use k8s_openapi::Resource;
use serde::Serialize;
use serde_json::Value;

use crate::manifest::manifest;

/// The kinds of children, in the order in which they are written when several are due at once.
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
    /// Every kind there is, in writing order.
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

    /// The kind's name as manifests spell it.
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

    /// The API version that is read and written: `v1`, `apps/v1`, `batch/v1`.
    pub fn api_version(self) -> &'static str {
        match self {
            Kind::StatefulSet | Kind::Deployment => "apps/v1",
            Kind::Job => "batch/v1",
            _ => "v1",
        }
    }
}

/// Which child of one Storefront: unique within its namespace.
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

/// One child that should exist.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Which child.
    pub id: ObjectId,
    /// What is to be done about it.
    pub action: Action,
}

impl Object {
    /// A child that is to be as this typed object says.
    pub(crate) fn apply<T: Resource + Serialize>(kind: Kind, name: String, object: &T) -> Self {
        Self { id: ObjectId { kind, name }, action: Action::Apply(manifest(object)) }
    }

    /// A child that is not to be touched.
    pub(crate) fn keep(kind: Kind, name: String) -> Self {
        Self { id: ObjectId { kind, name }, action: Action::Keep }
    }
}

/// What is to be done about a child.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Server-side apply of this whole manifest, owner reference included.
    Apply(Value),
    /// Create it if it is missing, never write it again: its content is made of chance.
    CreateOnce(SecretTemplate),
    /// Leave it as it is, there or not: its turn has not come.
    Keep,
}

/// How to make a Secret whose content cannot be computed.
#[derive(Clone, Debug, PartialEq)]
pub struct SecretTemplate {
    /// The manifest without `data`.
    pub manifest: Value,
    /// What goes into `data`, key by key.
    pub fields: BTreeMap<String, SecretField>,
}

/// One value of a generated Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretField {
    /// This text.
    Fixed(String),
    /// A password of 32 random letters and digits (190 bits).
    Password,
    /// A JSON Web Key Set (RFC 7517, RFC 8037) of one new Ed25519 key with its private part. A
    /// Secret has one such key.
    SigningKeys,
    /// The same set without the private part.
    PublicKeys,
}
