//! The name and the labels of every child object.
//!
//! A name consists of the Storefront's name, a dash and a suffix. The Storefront's name has at most
//! [`MAX_STOREFRONT_NAME`] characters, so that no name exceeds the 63 characters that labels and
//! Services allow. No suffix ends in a dash and another suffix, so the children of two Storefronts
//! in one namespace, such as `demo` and `demo-catalog`, never have the same name. The tests prove
//! this.

use std::collections::BTreeMap;

use crate::component::{Component, GeneratedSecret};

/// The maximum length of a Storefront's name.
pub const MAX_STOREFRONT_NAME: usize = 30;

/// The label for the Storefront that an object belongs to. Every object that the operator creates
/// has it, and the operator watches only objects that have it.
pub const STOREFRONT_LABEL: &str = "storefront.dev/storefront";
/// The label for the part of the Storefront that an object belongs to: [`Part::label`].
pub const COMPONENT_LABEL: &str = "app.kubernetes.io/component";
/// The label for the Storefront's name, as the recommended labels of Kubernetes define it. Objects
/// without an owner reference do not have it: Argo CD, with its tracking by this label, would take
/// them for objects that it created, and prune them.
pub const INSTANCE_LABEL: &str = "app.kubernetes.io/instance";
/// The annotation for the container of a Job's pod that does the work of the Job. kubectl shows the
/// logs of this container by default.
pub const MAIN_CONTAINER_ANNOTATION: &str = "kubectl.kubernetes.io/default-container";
/// The label for the manager of an object.
pub const MANAGED_BY_LABEL: &str = "app.kubernetes.io/managed-by";
/// The operator's name in [`MANAGED_BY_LABEL`] and as a field manager.
pub const MANAGER: &str = "storefront-operator";

/// The annotation of a Storefront that names the owner whose databases on an external server it
/// takes over: `<cluster>/<namespace>/<name>`, or `none` for databases without an identity.
pub const TAKE_OVER_ANNOTATION: &str = "storefront.dev/take-over-databases";

/// The part of a Storefront that an object belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A component.
    Component(Component),
    /// The Job that provisions and migrates a component's database. It is a separate part, so that
    /// no Service selects its pods.
    Migration(Component),
    /// The Job that inserts the demonstration data.
    Seed,
    /// The managed PostgreSQL.
    Postgres,
    /// The managed Redis.
    Redis,
    /// The inbox that catches the shop's mails.
    Inbox,
}

impl Part {
    /// Returns all parts.
    pub fn all() -> impl Iterator<Item = Self> {
        let components = Component::ALL.into_iter().map(Self::Component);
        let migrations = Component::with_database().map(|(owner, _)| Self::Migration(owner));
        components.chain(migrations).chain([Self::Seed, Self::Postgres, Self::Redis, Self::Inbox])
    }

    /// Returns the value of [`COMPONENT_LABEL`].
    #[must_use]
    pub fn label(self) -> String {
        match self {
            Self::Component(component) => component.name().to_owned(),
            Self::Migration(component) => format!("{component}-migrate"),
            Self::Seed => "seed".to_owned(),
            Self::Postgres => "postgres".to_owned(),
            Self::Redis => "redis".to_owned(),
            Self::Inbox => "inbox".to_owned(),
        }
    }

    /// Finds the part with this label.
    #[must_use]
    pub fn from_label(label: &str) -> Option<Self> {
        Self::all().find(|part| part.label() == label)
    }
}

/// Returns the labels of an object. They may change between releases, so selectors use only those
/// of [`selector`].
#[must_use]
pub fn labels(storefront: &str, part: Part, version: &str) -> BTreeMap<String, String> {
    let component = part.label();
    let mut labels = selector(storefront, part);
    labels.extend(
        [
            ("app.kubernetes.io/name", format!("storefront-{component}")),
            (INSTANCE_LABEL, storefront.to_owned()),
            ("app.kubernetes.io/version", version.to_owned()),
            ("app.kubernetes.io/part-of", "storefront".to_owned()),
            (MANAGED_BY_LABEL, MANAGER.to_owned()),
        ]
        .map(|(key, value)| (key.to_owned(), value)),
    );
    labels
}

/// Returns the labels that select the pods of a part. They never change, because the selector of a
/// workload is immutable.
#[must_use]
pub fn selector(storefront: &str, part: Part) -> BTreeMap<String, String> {
    BTreeMap::from([
        (STOREFRONT_LABEL.to_owned(), storefront.to_owned()),
        (COMPONENT_LABEL.to_owned(), part.label()),
    ])
}

/// Returns the name of a component's Deployment, Service, ServiceAccount and ConfigMap.
#[must_use]
pub fn component(storefront: &str, component: Component) -> String {
    format!("{storefront}-{component}")
}

/// Returns the name of the Secret with a component's database credentials: `username`, `password`.
#[must_use]
pub fn database_secret(storefront: &str, owner: Component) -> String {
    format!("{storefront}-{owner}-db")
}

/// Returns the name of the Job that provisions and migrates a component's database. The pod
/// template of a Job is immutable, so every change creates a new Job; `hash` is the hash of its
/// content.
#[must_use]
pub fn migration(storefront: &str, owner: Component, hash: &str) -> String {
    format!("{storefront}-{owner}-migrate-{hash}")
}

/// Returns the name of the Job that inserts the demonstration data; for `hash` see [`migration`].
#[must_use]
pub fn seed(storefront: &str, hash: &str) -> String {
    format!("{storefront}-seed-{hash}")
}

/// Returns the name of the managed PostgreSQL's StatefulSet, Service, ServiceAccount and ConfigMap.
#[must_use]
pub fn postgres(storefront: &str) -> String {
    format!("{storefront}-postgres")
}

/// Returns the name of the PersistentVolumeClaim of the managed PostgreSQL.
#[must_use]
pub fn postgres_data(storefront: &str) -> String {
    format!("{storefront}-postgres-data")
}

/// Returns the name of the Secret with the credentials of the managed PostgreSQL's superuser:
/// `username`, `password`. For an external server, the Storefront names a Secret with the same
/// keys.
#[must_use]
pub fn postgres_admin(storefront: &str) -> String {
    format!("{storefront}-postgres-admin")
}

/// Returns the name of the managed Redis's StatefulSet, Service, ServiceAccount and ConfigMap.
#[must_use]
pub fn redis(storefront: &str) -> String {
    format!("{storefront}-redis")
}

/// Returns the name of the PersistentVolumeClaim of the managed Redis.
#[must_use]
pub fn redis_data(storefront: &str) -> String {
    format!("{storefront}-redis-data")
}

/// Returns the name of the Secret with the credentials of the managed Redis: `username`,
/// `password`.
#[must_use]
pub fn redis_auth(storefront: &str) -> String {
    format!("{storefront}-redis-auth")
}

/// Returns the name of a Secret that the operator generates for the Storefront.
#[must_use]
pub fn generated_secret(storefront: &str, secret: GeneratedSecret) -> String {
    format!("{storefront}-{}", secret.suffix())
}

/// Returns the name of the Service of the gateway's internal port.
#[must_use]
pub fn internal_gateway(storefront: &str) -> String {
    format!("{storefront}-gateway-internal")
}

/// Returns the name of the inbox's Deployment, Service and ServiceAccount.
#[must_use]
pub fn inbox(storefront: &str) -> String {
    format!("{storefront}-inbox")
}

/// Returns the name of the NodePort Service of the inbox's web page. The inbox's SMTP port is
/// reachable only from inside the cluster.
#[must_use]
pub fn inbox_page(storefront: &str) -> String {
    format!("{storefront}-inbox-page")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Returns the names of all children of a Storefront.
    fn all(storefront: &str, hash: &str) -> Vec<String> {
        let components = Component::ALL.into_iter().map(|c| component(storefront, c));
        let owners = Component::with_database().flat_map(|(owner, _)| {
            [database_secret(storefront, owner), migration(storefront, owner, hash)]
        });
        components
            .chain(owners)
            .chain([
                seed(storefront, hash),
                postgres(storefront),
                postgres_data(storefront),
                postgres_admin(storefront),
                redis(storefront),
                redis_data(storefront),
                redis_auth(storefront),
                internal_gateway(storefront),
                inbox(storefront),
                inbox_page(storefront),
            ])
            .chain(GeneratedSecret::ALL.map(|secret| generated_secret(storefront, secret)))
            .collect()
    }

    #[test]
    fn longest_storefront_name_keeps_child_names_in_label_length() {
        let longest = "s".repeat(MAX_STOREFRONT_NAME);
        for name in all(&longest, "0123456789") {
            assert!(name.len() <= 63, "{name} has {} characters", name.len());
        }
    }

    #[test]
    fn child_names_of_one_storefront_are_distinct() {
        let names = all("demo", "0123456789");
        let distinct: BTreeSet<&String> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
    }

    /// The name of another Storefront can be any prefix of a child's name.
    #[test]
    fn child_names_of_two_storefronts_never_collide() {
        let names: BTreeSet<String> = all("demo", "0123456789").into_iter().collect();
        for child in &names {
            for (end, _) in child.match_indices('-').skip(1).chain([(child.len(), "")]) {
                let other = &child[..end];
                let shared: Vec<String> = all(other, "0123456789")
                    .into_iter()
                    .filter(|name| names.contains(name))
                    .collect();
                assert!(shared.is_empty(), "demo and {other} share {shared:?}");
            }
        }
    }

    #[test]
    fn from_label_finds_every_part() {
        for part in Part::all() {
            assert_eq!(Part::from_label(&part.label()), Some(part));
        }
    }

    #[test]
    fn selector_is_a_subset_of_the_labels() {
        let labels = labels("demo", Part::Component(Component::Catalog), "0.1.0");
        for (key, value) in selector("demo", Part::Component(Component::Catalog)) {
            assert_eq!(labels.get(&key), Some(&value));
        }
    }
}
