//! Where the shop keeps its data: PostgreSQL and Redis.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::quantity::Quantity;
use crate::rules;
use crate::workload::{MAX_NAME, SecretKeyRef, SecretName};

/// How large the managed PostgreSQL's volume is when nothing is said.
const POSTGRES_STORAGE: &str = "10Gi";
/// How large the managed Redis's volume is when nothing is said.
const REDIS_STORAGE: &str = "1Gi";

/// Who runs a server that the shop needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Mode {
    /// The operator, in the Storefront's namespace.
    #[default]
    Managed,
    /// Somebody else.
    External,
}

/// The PostgreSQL server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = rules::postgres()))]
pub struct Postgres {
    /// Managed: the operator runs a server with a volume. External: the shop uses the server that
    /// `external` describes, PostgreSQL 15 or later. Cannot be changed later, because data is not
    /// moved.
    pub mode: Mode,

    /// The image of the managed server, with its tag or digest: PostgreSQL 15 or later with
    /// `sh`, `initdb`, `postgres`, `pg_isready` and `psql` on the path, and a user 999. Not set:
    /// what the operator was installed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 500), extend("x-kubernetes-validations" = rules::image()))]
    pub image: Option<String>,

    /// The managed server's volume. It stays when the Storefront is deleted.
    #[schemars(schema_with = "postgres_storage")]
    pub storage: Storage,

    /// The server to use with mode External.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalPostgres>,
}

/// The volume of a managed server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = rules::storage()))]
pub struct Storage {
    /// How large it is, for example 10Gi. It can grow, if its storage class allows that, and never
    /// shrink.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Quantity>,

    /// The StorageClass it is made from. Not set: the cluster's default. Cannot be changed later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = MAX_NAME),
        extend("x-kubernetes-validations" = rules::object_name())
    )]
    pub class_name: Option<String>,
}

/// A PostgreSQL server that somebody else runs. It serves one Storefront: the names of the
/// databases are always the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalPostgres {
    /// The server's DNS name or IP address, as pods of this cluster reach it.
    #[schemars(length(min = 1, max = 253), extend("x-kubernetes-validations" = rules::host()))]
    pub host: String,

    /// The server's port.
    #[serde(default = "postgres_port")]
    #[schemars(range(min = 1, max = 65_535))]
    pub port: u16,

    /// How the connection is protected, in libpq's terms: Disable; Prefer encryption; Require it;
    /// VerifyCa also checks who signed the server's certificate; VerifyFull also checks its name.
    #[serde(default)]
    pub ssl_mode: SslMode,

    /// A Secret with the keys `username` and `password` of a role that may create databases and
    /// roles. Only the provisioning job reads it; the shop's pods never see it.
    pub admin_secret: SecretName,

    /// The certificates that the server's has to be signed by, in PEM. Not set: the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_secret: Option<SecretKeyRef>,
}

/// How a connection to PostgreSQL is protected.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum SslMode {
    /// Not at all.
    Disable,
    /// Encrypted if the server can.
    Prefer,
    /// Encrypted.
    #[default]
    Require,
    /// And the certificate's signer is checked.
    VerifyCa,
    /// And the certificate's name is checked.
    VerifyFull,
}

impl SslMode {
    /// As `sslmode` of a connection URL has it.
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
    /// `external` describes, Redis 7 or Valkey. Cannot be changed later, because data is not moved.
    pub mode: Mode,

    /// The image of the managed server, with its tag or digest: Redis 7 or Valkey with `sh`,
    /// `redis-server` and `redis-cli` on the path. Not set: what the operator was installed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 500), extend("x-kubernetes-validations" = rules::image()))]
    pub image: Option<String>,

    /// The managed server's volume. It stays when the Storefront is deleted.
    #[schemars(schema_with = "redis_storage")]
    pub storage: Storage,

    /// The server to use with mode External.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external: Option<ExternalRedis>,
}

/// A Redis server that somebody else runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalRedis {
    /// The key of a Secret that holds the server's URL with its password:
    /// `redis://:password@host:6379/0`, or `rediss://…` for TLS.
    pub url_secret: SecretKeyRef,
}

impl Postgres {
    /// How large the managed server's volume is.
    #[must_use]
    pub fn storage_size(&self) -> Quantity {
        self.storage.size.clone().unwrap_or_else(|| Quantity::from(POSTGRES_STORAGE))
    }
}

impl Redis {
    /// How large the managed server's volume is.
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

/// The schema of a volume that has this size unless somebody says otherwise. The size is always
/// there, so that the rule that it never shrinks also holds for who removes the field.
fn storage_of(size: &str, generator: &mut SchemaGenerator) -> Schema {
    let mut schema = generator.subschema_for::<Storage>();
    if let Some(field) = schema.pointer_mut("/properties/size").and_then(Value::as_object_mut) {
        field.insert("default".to_owned(), size.into());
    }
    schema
}
