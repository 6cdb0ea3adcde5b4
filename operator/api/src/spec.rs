//! The spec of a Storefront: the desired state that users write.

#![expect(unreachable_pub, reason = "KubeSchema derives a `pub` struct inside a function")]

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::datastores::{Postgres, Redis};
use crate::exposure::{Expose, Gateway};
use crate::jobs::Jobs;
use crate::services::{Auth, Mail, Payments};
use crate::status::StorefrontStatus;
use crate::web::Web;
use crate::workload::{Components, ImageSource, MAX_REPLICAS};

/// The desired state of the shop. Only `version` is required. The other fields have a default, some
/// of them one that depends on `profile`.
#[derive(CustomResource, KubeSchema, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[kube(
    group = "storefront.dev",
    version = "v1alpha1",
    kind = "Storefront",
    plural = "storefronts",
    shortname = "sf",
    category = "shop",
    namespaced,
    status = "StorefrontStatus",
    derive = "PartialEq",
    annotation("helm.sh/resource-policy", "keep")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.currency == oldSelf.currency").message(
        "currency is immutable, because stored prices are not converted: set it back, or create \
         another Storefront with its own database"
    ),
    validation = Rule::new(
        "self.mail.mode == 'Inbox' || !has(self.expose.nodePorts) || \
         !has(self.expose.nodePorts.inbox)"
    ).message(
        "expose.nodePorts.inbox is the port of the inbox, which does not exist with mode Smtp: \
         remove it, or set mail.mode to Inbox"
    )
)]
pub struct StorefrontSpec {
    /// The release of the whole shop. It is the tag of the shop's image and the value of a label,
    /// so it must be a valid tag of at most 63 characters. A change rolls out the components wave
    /// by wave, after the database migrations of the new release.
    #[schemars(length(min = 1, max = 63))]
    #[x_kube(validation = Rule::new("self.matches('^[A-Za-z0-9]([-A-Za-z0-9._]*[A-Za-z0-9])?$')")
        .message(
            "version must be an image tag such as 0.1.0: letters, digits, dots, dashes and \
             underscores, with a letter or digit at the start and at the end"
        ))]
    pub version: String,

    /// Sets the defaults of replicas, resource requests and more. Dev: one small pod per component.
    /// Standard: one pod per component, with larger requests. Production: two pods per component.
    #[serde(default)]
    pub profile: Profile,

    /// The currency of all prices, as an ISO 4217 code. Immutable, because stored amounts are not
    /// converted.
    #[serde(default = "default_currency")]
    #[schemars(length(equal = 3))]
    #[x_kube(validation = crate::rules::currency())]
    pub currency: String,

    /// The number of pods of each component whose settings do not set `replicas`. Default: 1, or 2
    /// with profile Production.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = MAX_REPLICAS))]
    pub replicas: Option<i32>,

    /// The source of the shop's image. Default: the source that the operator is installed with.
    #[serde(default)]
    pub image: ImageSource,

    /// Settings of individual components, by name: user, catalog, cart, order, payment, shipping,
    /// notification, gateway, web. They take precedence over the settings of the whole Storefront.
    #[serde(default, skip_serializing_if = "Components::is_empty")]
    pub components: Components,

    /// The PostgreSQL server that stores the shop's data, with one database and one role for each
    /// component that stores data.
    #[serde(default)]
    pub postgres: Postgres,

    /// The Redis server that stores carts and rate limits.
    #[serde(default)]
    pub redis: Redis,

    /// Mail that the shop sends.
    #[serde(default)]
    pub mail: Mail,

    /// Payment processing.
    #[serde(default)]
    pub payments: Payments,

    /// Accounts and the lifetimes of tokens.
    #[serde(default)]
    pub auth: Auth,

    /// Settings of the REST gateway.
    #[serde(default)]
    pub gateway: Gateway,

    /// Settings of the web shop.
    #[serde(default)]
    pub web: Web,

    /// Exposure of the shop outside the cluster.
    #[serde(default)]
    pub expose: Expose,

    /// Settings of the Jobs that provision and migrate databases and insert demonstration data.
    #[serde(default)]
    pub jobs: Jobs,

    /// Scales all workloads to zero and keeps all data. When it is false again, the shop continues
    /// where it stopped.
    #[serde(default)]
    pub suspend: bool,

    /// Inserts demonstration products into the catalog, once. Existing data is not changed.
    #[serde(default)]
    pub demo_data: bool,
}

impl StorefrontSpec {
    /// Creates the smallest valid spec: this version, and defaults for all other fields.
    #[must_use]
    pub fn with_version(version: &str) -> Self {
        Self {
            version: version.to_owned(),
            profile: Profile::default(),
            currency: default_currency(),
            replicas: None,
            image: ImageSource::default(),
            components: Components::default(),
            postgres: Postgres::default(),
            redis: Redis::default(),
            mail: Mail::default(),
            payments: Payments::default(),
            auth: Auth::default(),
            gateway: Gateway::default(),
            web: Web::default(),
            expose: Expose::default(),
            jobs: Jobs::default(),
            suspend: false,
            demo_data: false,
        }
    }
}

fn default_currency() -> String {
    "USD".to_owned()
}

/// A set of defaults for a size of shop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Profile {
    /// One small pod per component, for evaluation.
    Dev,
    /// One pod per component, with larger requests.
    #[default]
    Standard,
    /// Two pods per component.
    Production,
}
