//! The part of the spec about the shop's pods: image, replicas, resources, environment, logging.

#![expect(unreachable_pub, reason = "KubeSchema derives a `pub` struct inside a function")]

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::component::{Component, by_name};
use crate::quantity::Quantity;
use crate::rules;

/// The maximum number of pods of one component. A pod has up to six database connections. With this
/// maximum, one component and one pod of each of the others stay within the `max_connections` of
/// the managed PostgreSQL.
pub const MAX_REPLICAS: i32 = 32;
/// The maximum number of additional environment variables of a component.
pub const MAX_ENV: usize = 64;
/// The maximum number of image pull Secrets.
pub const MAX_PULL_SECRETS: usize = 8;
/// The maximum length of a Kubernetes object's name.
pub const MAX_NAME: usize = 253;

/// The source of the shop's image.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ImageSource {
    /// The host of the registry, with an optional port: `registry.example.com:5000`. Default: the
    /// registry that the operator is installed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 253),
        extend("x-kubernetes-validations" = [rules::registry()])
    )]
    pub registry: Option<String>,

    /// The repository of the image in the registry, without the tag, which is `version`. Default:
    /// the repository that the operator is installed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 200),
        extend("x-kubernetes-validations" = [rules::repository()])
    )]
    pub repository: Option<String>,

    /// When a node pulls the image from the registry.
    pub pull_policy: PullPolicy,

    /// Secrets of type kubernetes.io/dockerconfigjson in this namespace, for pulling images.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = MAX_PULL_SECRETS),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub pull_secrets: Vec<SecretName>,
}

/// When a node pulls an image from the registry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum PullPolicy {
    /// At every start of a container.
    Always,
    /// If the node does not have the image.
    #[default]
    IfNotPresent,
    /// Never: if the node does not have the image, the container does not start.
    Never,
}

impl PullPolicy {
    /// Returns the value of a container's `imagePullPolicy`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Always => "Always",
            Self::IfNotPresent => "IfNotPresent",
            Self::Never => "Never",
        }
    }
}

/// A reference to a Secret in the Storefront's namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecretName {
    /// The name of the Secret.
    #[schemars(
        length(min = 1, max = MAX_NAME),
        extend("x-kubernetes-validations" = [rules::object_name()])
    )]
    pub name: String,
}

/// A reference to a key of a Secret in the Storefront's namespace.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretKeyRef {
    /// The name of the Secret.
    #[schemars(
        length(min = 1, max = MAX_NAME),
        extend("x-kubernetes-validations" = [rules::object_name()])
    )]
    pub name: String,

    /// The key in the Secret.
    #[schemars(length(min = 1, max = MAX_NAME))]
    #[x_kube(validation = Rule::new("self.matches('^[-._A-Za-z0-9]+$')")
        .message("must be a key of a Secret: letters, digits, dashes, dots and underscores"))]
    pub key: String,
}

/// Settings by component. It is a map, so that the schema contains them once and not for each
/// component. A CEL rule that is generated from the component table restricts the keys.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Components(pub BTreeMap<Component, ComponentSpec>);

impl Components {
    /// Returns the settings of this component, if there are any.
    #[must_use]
    pub fn get(&self, component: Component) -> Option<&ComponentSpec> {
        self.0.get(&component)
    }

    /// Reports whether no component has settings.
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

/// The settings of one component.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ComponentSpec {
    /// Whether the component runs. Only `web` can be disabled, for a shop whose pages are served by
    /// other software. Default: true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,

    /// The number of pods. Default: `replicas` of the Storefront.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = MAX_REPLICAS))]
    pub replicas: Option<i32>,

    /// The image to use instead of the shop's image, with a tag or digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 500), extend("x-kubernetes-validations" = [rules::image()]))]
    pub image: Option<String>,

    /// The resource requests and limits of the container. The profile sets the default requests.
    /// The default memory limit is four times the request, and there is no default CPU limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<Resources>,

    /// Additional environment variables of the container. Variables that the operator sets cannot
    /// be set here: use the fields of the Storefront for them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(
        length(max = MAX_ENV),
        extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"])
    )]
    pub env: Vec<EnvVar>,

    /// The log level. Default: Info.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log_level: Option<LogLevel>,
}

/// A log level. Default: Info.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum LogLevel {
    /// Failures that need attention.
    Error,
    /// Also unexpected situations.
    Warn,
    /// Also one line per request.
    #[default]
    Info,
    /// Also details for diagnosis.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// Returns the value of the shop's setting `RUST_LOG`.
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

/// The resource requests and limits of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
#[schemars(extend("x-kubernetes-validations" = rules::resources()))]
pub struct Resources {
    /// The resources that are reserved on the node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requests: Option<Amounts>,

    /// The maximum resources. CPU use above the limit is throttled. Memory use above the limit
    /// terminates the container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Amounts>,
}

/// Amounts of CPU and memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Amounts {
    /// CPUs, as a string: `"2"`, `500m` for half a CPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Quantity>,

    /// Bytes, as a string: `64Mi`, `1Gi`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Quantity>,
}

/// An environment variable.
#[derive(KubeSchema, Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = Rule::new("!(has(self.value) && has(self.secret))").message(
    "an environment variable can have a value or a secret, not both: remove one of them"
))]
pub struct EnvVar {
    /// The name of the variable.
    #[schemars(length(min = 1, max = 128))]
    #[x_kube(validation = Rule::new("self.matches('^[A-Za-z_][A-Za-z0-9_]*$')").message(
        "must be the name of an environment variable: letters, digits and underscores, not \
         starting with a digit"
    ))]
    pub name: String,

    /// The value. Do not use it for secrets: everyone who can read the Storefront can read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4_096))]
    pub value: Option<String>,

    /// The Secret and key of the value, instead of `value`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretKeyRef>,
}
