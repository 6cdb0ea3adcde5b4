//! What can be said about the pods of the shop: image, number, resources, environment, logging.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::component::{Component, by_name};
use crate::quantity::Quantity;
use crate::rules;

/// The most pods of one component. With six database connections a pod this keeps a single
/// component, beside one pod of each other, within what the managed PostgreSQL accepts.
pub const MAX_REPLICAS: i32 = 32;
/// The most environment variables that one component can be given.
pub const MAX_ENV: usize = 64;
/// The most Secrets that images can be pulled with.
pub const MAX_PULL_SECRETS: usize = 8;
/// The longest name of a Kubernetes object.
pub const MAX_NAME: usize = 253;

/// Where the shop's image comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ImageSource {
    /// The registry's host, with its port if it has one: `registry.example.com:5000`.
    /// Not set: what the operator was installed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 253), extend("x-kubernetes-validations" = rules::registry()))]
    pub registry: Option<String>,

    /// The image's name in the registry, without the tag: that is `version`. Not set: what the
    /// operator was installed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 200),
        extend("x-kubernetes-validations" = rules::repository())
    )]
    pub repository: Option<String>,

    /// When a node asks the registry for the image.
    pub pull_policy: PullPolicy,

    /// Secrets of this namespace, of type kubernetes.io/dockerconfigjson, to pull images with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = MAX_PULL_SECRETS),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub pull_secrets: Vec<SecretName>,
}

/// When a node asks the registry for an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum PullPolicy {
    /// At every start of a pod.
    Always,
    /// When the node does not have it.
    #[default]
    IfNotPresent,
    /// Never: the node has it, or the pod does not start.
    Never,
}

impl PullPolicy {
    /// As a container's `imagePullPolicy` has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::IfNotPresent => "IfNotPresent",
            Self::Never => "Never",
        }
    }
}

/// The name of a Secret in the Storefront's namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretName {
    /// The Secret's name.
    #[schemars(
        length(min = 1, max = MAX_NAME),
        extend("x-kubernetes-validations" = rules::object_name())
    )]
    pub name: String,
}

/// One key of a Secret in the Storefront's namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyRef {
    /// The Secret's name.
    #[schemars(
        length(min = 1, max = MAX_NAME),
        extend("x-kubernetes-validations" = rules::object_name())
    )]
    pub name: String,

    /// The key in the Secret whose value is taken.
    #[schemars(
        length(min = 1, max = MAX_NAME),
        extend("x-kubernetes-validations" = rules::secret_key())
    )]
    pub key: String,
}

/// Settings by component. A map, so that the schema has them once and not for each component; a rule
/// made from the component table fixes the keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Components(pub BTreeMap<Component, ComponentSpec>);

impl Components {
    /// What is said about this component, if anything.
    #[must_use]
    pub fn get(&self, component: Component) -> Option<&ComponentSpec> {
        self.0.get(&component)
    }

    /// True if nothing is said about any component.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Components {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(component, spec)| (component.name(), spec)))
    }
}

impl<'de> Deserialize<'de> for Components {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let specs = BTreeMap::<String, ComponentSpec>::deserialize(deserializer)?;
        specs.into_iter().map(|(name, spec)| Ok((by_name::parse(&name)?, spec))).collect()
    }
}

impl FromIterator<(Component, ComponentSpec)> for Components {
    fn from_iter<I: IntoIterator<Item = (Component, ComponentSpec)>>(specs: I) -> Self {
        Self(specs.into_iter().collect())
    }
}

impl JsonSchema for Components {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Components".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "maxProperties": Component::ALL.len(),
            "additionalProperties": generator.subschema_for::<ComponentSpec>(),
            "x-kubernetes-validations": rules::components(),
        })
    }
}

/// What can be said about one component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ComponentSpec {
    /// How many pods it runs. Not set: the Storefront's `replicas`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = MAX_REPLICAS))]
    pub replicas: Option<i32>,

    /// An image of its own, with its tag or digest, in place of the shop's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 500), extend("x-kubernetes-validations" = rules::image()))]
    pub image: Option<String>,

    /// What its container asks for and what it may use at most. What is not set comes from the
    /// profile; the memory limit is then four times the request, and CPU is not limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,

    /// More environment variables for its container. Those that the operator sets itself cannot be
    /// set here: each has a field of its own in the Storefront.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = MAX_ENV),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub env: Vec<EnvVar>,

    /// How much it logs. Not set: Info.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_level: Option<LogLevel>,
}

/// How much is logged. Not set: Info.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum LogLevel {
    /// What failed and needs somebody.
    Error,
    /// And what is odd.
    Warn,
    /// And one line for each request.
    #[default]
    Info,
    /// And what led to it.
    Debug,
    /// And everything else.
    Trace,
}

impl LogLevel {
    /// As the shop's `RUST_LOG` has it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// What a container asks for and what it may use at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = rules::resources()))]
pub struct Resources {
    /// What is set aside for it on its node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<Amounts>,

    /// What it may use at most: CPU beyond it is slowed down, memory beyond it ends the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Amounts>,
}

/// An amount of CPU and of memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Amounts {
    /// CPUs, as text: `"2"`, `500m` for half a CPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Quantity>,

    /// Bytes, as text: `64Mi`, `1Gi`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Quantity>,
}

/// One environment variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-validations" = rules::env_var()))]
pub struct EnvVar {
    /// The variable's name.
    #[schemars(
        length(min = 1, max = 128),
        extend("x-kubernetes-validations" = rules::env_name())
    )]
    pub name: String,

    /// Its value. Not for secrets: whoever may read the Storefront can read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4_096))]
    pub value: Option<String>,

    /// The key of a Secret that holds its value, in place of `value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretKeyRef>,
}
