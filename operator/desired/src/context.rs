//! One Storefront with everything that its children are made from.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference};
use kube::{Resource, ResourceExt};
use storefront_api::datastores::{ExternalPostgres, ExternalRedis, Mode};
use storefront_api::defaults::ShopImage;
use storefront_api::names::{self, Part};
use storefront_api::services::{MailMode, Smtp};
use storefront_api::{Storefront, StorefrontSpec};

use crate::{InstallationDefaults, Kind, ObservedState, Progress};

const VERSION_LABEL: &str = "app.kubernetes.io/version";

/// What the builders are given.
#[derive(Clone, Debug)]
pub(crate) struct BuildContext<'a> {
    /// The Storefront's name.
    pub(crate) name: String,
    /// What is wanted.
    pub(crate) spec: &'a StorefrontSpec,
    /// What has been seen.
    pub(crate) observed: &'a ObservedState,
    /// What the installation decides.
    pub(crate) defaults: &'a InstallationDefaults,
    /// Where the shop's image comes from when the Storefront does not say.
    pub(crate) image: ShopImage,
    namespace: Option<String>,
    owner: OwnerReference,
}

impl<'a> BuildContext<'a> {
    pub(crate) fn new(
        storefront: &'a Storefront,
        observed: &'a ObservedState,
        defaults: &'a InstallationDefaults,
    ) -> Self {
        let name = storefront.name_any();
        Self {
            spec: &storefront.spec,
            observed,
            defaults,
            image: split_registry(&defaults.shop_image),
            namespace: storefront.namespace(),
            owner: OwnerReference {
                api_version: Storefront::api_version(&()).into_owned(),
                block_owner_deletion: Some(true),
                controller: Some(true),
                kind: Storefront::kind(&()).into_owned(),
                name: name.clone(),
                uid: storefront.uid().unwrap_or_default(),
            },
            name,
        }
    }

    /// The metadata of a child that goes when the Storefront goes.
    pub(crate) fn metadata(&self, name: String, part: Part) -> ObjectMeta {
        ObjectMeta {
            owner_references: Some(vec![self.owner.clone()]),
            ..self.metadata_without_owner(name, part)
        }
    }

    /// The metadata of a child that stays when the Storefront goes.
    pub(crate) fn metadata_without_owner(&self, name: String, part: Part) -> ObjectMeta {
        ObjectMeta {
            labels: Some(self.labels(part)),
            name: Some(name),
            namespace: self.namespace.clone(),
            ..ObjectMeta::default()
        }
    }

    /// The metadata of a child that belongs to one version of the shop and says so.
    pub(crate) fn versioned_metadata(&self, name: String, part: Part) -> ObjectMeta {
        let mut metadata = self.metadata(name, part);
        metadata.labels = Some(names::labels(&self.name, part, &self.spec.version));
        metadata
    }

    /// The metadata of a part's pods. The version is not in it: a store, or a component with an
    /// image of its own, has no reason to restart because another version is wanted.
    pub(crate) fn pod_metadata(
        &self,
        part: Part,
        annotations: BTreeMap<String, String>,
    ) -> ObjectMeta {
        ObjectMeta {
            annotations: (!annotations.is_empty()).then_some(annotations),
            labels: Some(self.labels(part)),
            ..ObjectMeta::default()
        }
    }

    /// What selects a part's pods.
    pub(crate) fn selector(&self, part: Part) -> LabelSelector {
        LabelSelector {
            match_labels: Some(names::selector(&self.name, part)),
            ..LabelSelector::default()
        }
    }

    fn labels(&self, part: Part) -> BTreeMap<String, String> {
        let mut labels = names::labels(&self.name, part, &self.spec.version);
        labels.remove(VERSION_LABEL);
        labels
    }

    /// Whether the operator runs the PostgreSQL.
    pub(crate) fn manages_postgres(&self) -> bool {
        self.spec.postgres.mode == Mode::Managed
    }

    /// Whether the operator runs the Redis.
    pub(crate) fn manages_redis(&self) -> bool {
        self.spec.redis.mode == Mode::Managed
    }

    /// Whether the operator runs an inbox for the shop's mails.
    pub(crate) fn has_inbox(&self) -> bool {
        self.spec.mail.mode == MailMode::Inbox
    }

    /// Returns the external PostgreSQL server, if the Storefront uses one.
    pub(crate) fn external_postgres(&self) -> Option<&'a ExternalPostgres> {
        self.spec.postgres.external.as_ref().filter(|_| !self.manages_postgres())
    }

    /// Returns the external Redis server, if the Storefront uses one.
    pub(crate) fn external_redis(&self) -> Option<&'a ExternalRedis> {
        self.spec.redis.external.as_ref().filter(|_| !self.manages_redis())
    }

    /// Returns the mail server, if the Storefront uses one instead of the inbox.
    pub(crate) fn smtp(&self) -> Option<&'a Smtp> {
        self.spec.mail.smtp.as_ref().filter(|_| !self.has_inbox())
    }

    /// Whether the stores that the operator runs have come up.
    pub(crate) fn stores_up(&self) -> bool {
        let redis_up = !self.manages_redis() || self.store_up(&names::redis(&self.name));
        self.postgres_up() && redis_up
    }

    /// Whether PostgreSQL is worth talking to, as far as can be told from here.
    pub(crate) fn postgres_up(&self) -> bool {
        !self.manages_postgres() || self.store_up(&names::postgres(&self.name))
    }

    /// One that was stopped has come as far as it could, too.
    fn store_up(&self, name: &str) -> bool {
        let seen = self.observed.get(Kind::StatefulSet, name);
        seen.is_some_and(|seen| seen.progress == Progress::Done && seen.ready_replicas > 0)
    }
}

/// `registry.example.com:5000/shop` is a registry and a repository, `storefront/shop` is only the
/// latter: as with every image, the first part is a host if it looks like one.
fn split_registry(image: &str) -> ShopImage {
    let is_host = |part: &str| part.contains(['.', ':']) || part == "localhost";
    match image.split_once('/') {
        Some((host, repository)) if is_host(host) => {
            ShopImage { registry: Some(host.to_owned()), repository: repository.to_owned() }
        }
        _ => ShopImage { registry: None, repository: image.to_owned() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_told_from_a_folder() {
        let cases = [
            ("shop", None, "shop"),
            ("storefront/shop", None, "storefront/shop"),
            ("localhost/shop", Some("localhost"), "shop"),
            ("ghcr.io/a/shop", Some("ghcr.io"), "a/shop"),
            ("registry:5000/shop", Some("registry:5000"), "shop"),
        ];
        for (image, registry, repository) in cases {
            let split = split_registry(image);
            assert_eq!((split.registry.as_deref(), &*split.repository), (registry, repository));
        }
    }
}
