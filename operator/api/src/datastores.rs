//! The part of the spec about the datastores: PostgreSQL and Redis.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::quantity::Quantity;
use crate::rules;
use crate::workload::{MAX_NAME, Resources, SecretKeyRef, SecretName};

/// The default size of the managed PostgreSQL's volume.
const POSTGRES_STORAGE: &str = "10Gi";
/// The default size of the managed Redis's volume.
const REDIS_STORAGE: &str = "1Gi";

/// Who runs a datastore.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Mode {
    /// The operator runs it in the Storefront's namespace.
    #[default]
    Managed,
    /// The user provides the server. The operator only connects the shop to it.
    External,
}

/// The PostgreSQL server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = rules::postgres()))]
pub struct Postgres {
    /// Managed: the operator runs a server with a volume. External: the shop uses the server that
    /// `external` describes, PostgreSQL 15 or later. Immutable, because data is not migrated.
    pub mode: Mode,

    /// The image of the managed server, with a tag or digest: PostgreSQL 15 or later with `sh`,
    /// `initdb`, `postgres`, `pg_isready` and `psql` on PATH, and a user with the uid 999. Default:
    /// the image that the operator is installed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 500), extend("x-kubernetes-validations" = [rules::image()]))]
    pub image: Option<String>,

    /// The managed server's volume. It stays when the Storefront is deleted.
    #[schemars(schema_with = "postgres_storage")]
    pub storage: Storage,

    /// The server to use, with mode External.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalPostgres>,
}

/// The volume of a managed server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = rules::storage()))]
pub struct Storage {
    /// The size, for example 10Gi. It can grow if the StorageClass allows expansion. It cannot
    /// shrink.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Quantity>,

    /// The StorageClass of the volume. Default: the cluster's default StorageClass. Immutable.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = MAX_NAME),
        extend("x-kubernetes-validations" = [rules::object_name()])
    )]
    pub class_name: Option<String>,
}

/// An external PostgreSQL server. It can serve only one Storefront, because the database names are
/// fixed. The databases carry the identity of their Storefront, and another one is refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalPostgres {
    /// The DNS name or IP address of the server, as seen from pods of this cluster.
    #[schemars(length(min = 1, max = 253), extend("x-kubernetes-validations" = [rules::host()]))]
    pub host: String,

    /// The port of the server.
    #[serde(default = "postgres_port")]
    #[schemars(range(min = 1, max = 65_535))]
    pub port: u16,

    /// The encryption of the connection, as in libpq: Disable: none. Prefer: if the server supports
    /// it. Require: always. VerifyCa: also verify the CA of the server's certificate. VerifyFull:
    /// also verify its name.
    #[serde(default)]
    pub ssl_mode: SslMode,

    /// A Secret with the keys `username` and `password` of a role that may create databases and
    /// roles. Only the provisioning Jobs read it. The shop's pods have no access to it.
    pub admin_secret: SecretName,

    /// The CA certificates that sign the server's certificate, in PEM. Default: the public CAs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_secret: Option<SecretKeyRef>,
}

/// The encryption of a connection to PostgreSQL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum SslMode {
    /// No encryption.
    Disable,
    /// Encryption if the server supports it.
    Prefer,
    /// Encryption without verification of the certificate.
    #[default]
    Require,
    /// Encryption with verification of the certificate's CA.
    VerifyCa,
    /// Encryption with verification of the certificate's CA and name.
    VerifyFull,
}

impl SslMode {
    /// Returns the value of `sslmode` in a connection URL.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

/// The Redis server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = rules::redis()))]
pub struct Redis {
    /// Managed: the operator runs a server with a volume. External: the shop uses the server that
    /// `external` describes, Redis 7 or Valkey. Immutable, because data is not migrated.
    pub mode: Mode,

    /// The image of the managed server, with a tag or digest: Redis 7 or Valkey with `sh`,
    /// `redis-server` and `redis-cli` on PATH. Default: the image that the operator is installed
    /// with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 500), extend("x-kubernetes-validations" = [rules::image()]))]
    pub image: Option<String>,

    /// The resource requests and limits of the managed server. The profile sets the default
    /// requests, and the default memory limit is four times the request. Redis stores carts in half
    /// of the memory limit, and refuses new ones when this half is full.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,

    /// The managed server's volume. It stays when the Storefront is deleted.
    #[schemars(schema_with = "redis_storage")]
    pub storage: Storage,

    /// The server to use, with mode External.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalRedis>,
}

/// An external Redis server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalRedis {
    /// The Secret and key of the server's URL with the password: `redis://:password@host:6379/0`,
    /// or `rediss://…` for TLS.
    pub url_secret: SecretKeyRef,
}

impl Postgres {
    /// Returns the size of the managed server's volume.
    #[must_use]
    pub fn storage_size(&self) -> Quantity {
        self.storage.size.clone().unwrap_or_else(|| Quantity::from(POSTGRES_STORAGE))
    }
}

impl Redis {
    /// Returns the size of the managed server's volume.
    #[must_use]
    pub fn storage_size(&self) -> Quantity {
        self.storage.size.clone().unwrap_or_else(|| Quantity::from(REDIS_STORAGE))
    }
}

fn postgres_port() -> u16 {
    5432
}

fn postgres_storage(generator: &mut SchemaGenerator) -> Schema {
    storage_of(POSTGRES_STORAGE, generator)
}

fn redis_storage(generator: &mut SchemaGenerator) -> Schema {
    storage_of(REDIS_STORAGE, generator)
}

/// Returns the schema of a volume with a default size. Because of the default the size is always
/// set, so the rule against shrinking also applies when a user removes the field.
fn storage_of(size: &str, generator: &mut SchemaGenerator) -> Schema {
    let mut schema = generator.subschema_for::<Storage>();
    if let Some(field) = schema.pointer_mut("/properties/size").and_then(Value::as_object_mut) {
        field.insert("default".to_owned(), size.into());
    }
    schema
}
