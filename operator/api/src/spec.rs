//! What people write in a Storefront.

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::datastores::{Postgres, Redis};
use crate::exposure::{Expose, Gateway};
use crate::rules;
use crate::services::{Auth, Mail, Payments};
use crate::status::StorefrontStatus;
use crate::workload::{Components, ImageSource, MAX_REPLICAS};

/// The shop that is wanted. Only `version` is required: everything else has a default, by itself or
/// by `profile`.
#[derive(CustomResource, Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
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
#[schemars(extend("x-kubernetes-validations" = rules::spec()))]
pub struct StorefrontSpec {
    /// The release of the whole shop. It is the tag of the shop's image, so it has to be a tag and,
    /// because it is also a label, at most 63 characters. Changing it rolls the shop component by
    /// component, after the database migrations of the new release.
    #[schemars(length(min = 1, max = 63), extend("x-kubernetes-validations" = rules::version()))]
    pub version: String,

    /// Fills in what is not said: replicas, resource requests and more. Dev is one small pod of
    /// each component, Standard one pod with room to work, Production two pods of each.
    #[serde(default)]
    pub profile: Profile,

    /// The currency of every price, as an ISO 4217 code. Cannot be changed later, because amounts
    /// that are stored are not converted.
    #[serde(default = "default_currency")]
    #[schemars(length(equal = 3), extend("x-kubernetes-validations" = rules::currency()))]
    pub currency: String,

    /// How many pods each component runs that does not say so itself. Not set: 1, or 2 with the
    /// profile Production.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = MAX_REPLICAS))]
    pub replicas: Option<i32>,

    /// Where the shop's image comes from. Not set: what the operator was installed with.
    #[serde(default)]
    pub image: ImageSource,

    /// Settings of single components, by their name: user, catalog, cart, order, payment,
    /// shipping, notification, gateway. What a component does not set is taken from the Storefront as
    /// a whole.
    #[serde(default, skip_serializing_if = "Components::is_empty")]
    pub components: Components,

    /// The PostgreSQL server that keeps the shop's data: one database and one role per component.
    #[serde(default)]
    pub postgres: Postgres,

    /// The Redis server for rate limits and carts.
    #[serde(default)]
    pub redis: Redis,

    /// The shop's mails.
    #[serde(default)]
    pub mail: Mail,

    /// How shoppers pay.
    #[serde(default)]
    pub payments: Payments,

    /// Accounts and how long sign-in lasts.
    #[serde(default)]
    pub auth: Auth,

    /// The REST gateway's behaviour.
    #[serde(default)]
    pub gateway: Gateway,

    /// How the shop is reached from outside the cluster.
    #[serde(default)]
    pub expose: Expose,

    /// True stops every workload and keeps every piece of data. Back to false, the shop continues
    /// where it was.
    #[serde(default)]
    pub suspend: bool,

    /// True fills the catalog with demonstration products once. Data that is there is left alone.
    #[serde(default)]
    pub demo_data: bool,
}

impl StorefrontSpec {
    /// The smallest Storefront: this version, and defaults for everything else.
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
            expose: Expose::default(),
            suspend: false,
            demo_data: false,
        }
    }
}

fn default_currency() -> String {
    "USD".to_owned()
}

/// How large the shop is meant to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Profile {
    /// One small pod of everything, to try things out.
    Dev,
    /// One pod of everything with room to work.
    #[default]
    Standard,
    /// Two pods of everything.
    Production,
}
