//! The input of all builders, and the metadata of the objects that they build.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta, OwnerReference};
use kube::{Resource, ResourceExt};
use storefront_api::datastores::{ExternalPostgres, ExternalRedis, Mode};
use storefront_api::defaults::ShopImage;
use storefront_api::names::{self, INSTANCE_LABEL, Part};
use storefront_api::services::{MailMode, Smtp};
use storefront_api::{Storefront, StorefrontSpec};

use crate::{InstallationDefaults, Kind, ObservedState, Progress};

const VERSION_LABEL: &str = "app.kubernetes.io/version";

/// The input of all builders: one Storefront with its observed state and the installation's
/// defaults.
#[derive(Clone, Debug)]
pub(crate) struct BuildContext<'a> {
    /// The Storefront's name.
    pub(crate) name: String,
    /// The spec of the Storefront.
    pub(crate) spec: &'a StorefrontSpec,
    /// The observed state of its children.
    pub(crate) observed: &'a ObservedState,
    /// The defaults that the operator is installed with.
    pub(crate) defaults: &'a InstallationDefaults,
    /// The default source of the shop's image, from `defaults`.
    pub(crate) image: ShopImage,
    /// The owner whose databases on an external server the Storefront takes over.
    pub(crate) take_over: Option<&'a str>,
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
            take_over: storefront
                .annotations()
                .get(names::TAKE_OVER_ANNOTATION)
                .map(String::as_str),
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

    /// Returns the metadata of a child that is deleted together with the Storefront.
    pub(crate) fn metadata(&self, name: String, part: Part) -> ObjectMeta {
        ObjectMeta {
            labels: Some(self.labels(part)),
            owner_references: Some(vec![self.owner.clone()]),
            ..self.metadata_without_owner(name, part)
        }
    }

    /// Returns the metadata of a child that outlives the Storefront, without the label
    /// [`INSTANCE_LABEL`].
    pub(crate) fn metadata_without_owner(&self, name: String, part: Part) -> ObjectMeta {
        let mut labels = self.labels(part);
        labels.remove(INSTANCE_LABEL);
        ObjectMeta {
            labels: Some(labels),
            name: Some(name),
            namespace: self.namespace.clone(),
            ..ObjectMeta::default()
        }
    }

    /// Returns the metadata of a child with the label of the shop's version.
    pub(crate) fn versioned_metadata(&self, name: String, part: Part) -> ObjectMeta {
        let mut metadata = self.metadata(name, part);
        metadata.labels = Some(names::labels(&self.name, part, &self.spec.version));
        metadata
    }

    /// Returns the metadata of a part's pods. It has no version label, because a new version is no
    /// reason to restart a datastore or a component with its own image.
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

    /// Returns the selector of a part's pods.
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

    /// Reports whether the operator runs PostgreSQL.
    pub(crate) fn manages_postgres(&self) -> bool {
        self.spec.postgres.mode == Mode::Managed
    }

    /// Reports whether the operator runs Redis.
    pub(crate) fn manages_redis(&self) -> bool {
        self.spec.redis.mode == Mode::Managed
    }

    /// Reports whether the operator runs an inbox for the shop's mails.
    pub(crate) fn has_inbox(&self) -> bool {
        self.spec.mail.mode == MailMode::Inbox
    }

    /// Returns the external PostgreSQL server, if the Storefront uses one.
    pub(crate) fn external_postgres(&self) -> Option<&'a ExternalPostgres> {
        self.spec.postgres.external.as_ref().filter(|_| !self.manages_postgres())
    }

    /// Returns the identity that the databases of this Storefront carry. `None` if the cluster's id
    /// is unknown.
    pub(crate) fn database_identity(&self) -> Option<String> {
        let (cluster, namespace) = (self.defaults.cluster_id.as_ref()?, self.namespace.as_ref()?);
        Some(format!("{cluster}/{namespace}/{}", self.name))
    }

    /// Returns the external Redis server, if the Storefront uses one.
    pub(crate) fn external_redis(&self) -> Option<&'a ExternalRedis> {
        self.spec.redis.external.as_ref().filter(|_| !self.manages_redis())
    }

    /// Returns the mail server, if the Storefront uses one instead of the inbox.
    pub(crate) fn smtp(&self) -> Option<&'a Smtp> {
        self.spec.mail.smtp.as_ref().filter(|_| !self.has_inbox())
    }

    /// Reports whether the managed datastores are up.
    pub(crate) fn datastores_up(&self) -> bool {
        let redis_up = !self.manages_redis() || self.datastore_up(&names::redis(&self.name));
        self.postgres_up() && redis_up
    }

    /// Reports whether PostgreSQL is up, as far as the observed state shows. An external server
    /// counts as up.
    pub(crate) fn postgres_up(&self) -> bool {
        !self.manages_postgres() || self.datastore_up(&names::postgres(&self.name))
    }

    /// Reports whether a datastore is up. A stopped one is [`Progress::Done`] as well, so the ready
    /// replicas decide.
    fn datastore_up(&self, name: &str) -> bool {
        let stateful_set = self.observed.get(Kind::StatefulSet, name);
        stateful_set.is_some_and(|set| set.progress == Progress::Done && set.ready_replicas > 0)
    }
}

/// Splits an image name into registry and repository. As in every image reference, the first part
/// is a registry if it contains a dot or a colon or is `localhost`:
/// `registry.example.com:5000/shop` has a registry, `storefront/shop` has none.
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
    fn split_registry_recognizes_a_host() {
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
