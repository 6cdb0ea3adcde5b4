//! The name and the labels of every child object.
//!
//! A name is the Storefront's, a dash and a suffix. A Storefront's name has at most
//! [`MAX_STOREFRONT_NAME`] characters, which leaves every name within the 63 that labels and
//! Services allow. No suffix is another Storefront's suffix with more in front, as the tests show,
//! so children of `demo` and of `demo-catalog` never meet in one namespace.

use std::collections::BTreeMap;

use crate::component::{Component, GeneratedSecret};

/// The longest name that a Storefront may have.
pub const MAX_STOREFRONT_NAME: usize = 30;

/// Says which Storefront an object belongs to. Everything that the operator makes carries it, and
/// the operator watches nothing that does not.
pub const STOREFRONT_LABEL: &str = "storefront.dev/storefront";
/// Says which part of the Storefront an object belongs to.
pub const COMPONENT_LABEL: &str = "app.kubernetes.io/component";
/// Says who looks after an object.
pub const MANAGED_BY_LABEL: &str = "app.kubernetes.io/managed-by";
/// The name under which the operator manages objects and their fields.
pub const MANAGER: &str = "storefront-operator";

/// The part of a Storefront that an object belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A component.
    Component(Component),
    /// The job that provisions and migrates a component's database. Its pods must not be taken for
    /// the component's.
    Migration(Component),
    /// The job that fills in demonstration data.
    Seed,
    /// The managed PostgreSQL.
    Postgres,
    /// The managed Redis.
    Redis,
    /// The inbox of the shop's mails.
    Inbox,
}

impl Part {
    /// Every part that there is.
    pub fn all() -> impl Iterator<Item = Self> {
        let components = Component::ALL.into_iter().map(Self::Component);
        let migrations = Component::with_database().map(|(owner, _)| Self::Migration(owner));
        components.chain(migrations).chain([Self::Seed, Self::Postgres, Self::Redis, Self::Inbox])
    }

    /// As the component label has it.
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

    /// The part whose label this is.
    #[must_use]
    pub fn from_label(label: &str) -> Option<Self> {
        Self::all().find(|part| part.label() == label)
    }
}

/// The labels of an object. They may change from release to release, so nothing selects by all of
/// them: see [`selector`].
#[must_use]
pub fn labels(storefront: &str, part: Part, version: &str) -> BTreeMap<String, String> {
    let component = part.label();
    let mut labels = selector(storefront, part);
    labels.extend(
        [
            ("app.kubernetes.io/name", format!("storefront-{component}")),
            ("app.kubernetes.io/instance", storefront.to_owned()),
            ("app.kubernetes.io/version", version.to_owned()),
            ("app.kubernetes.io/part-of", "storefront".to_owned()),
            (MANAGED_BY_LABEL, MANAGER.to_owned()),
        ]
        .map(|(key, value)| (key.to_owned(), value)),
    );
    labels
}

/// The labels by which a part's pods are selected. They never change, because a workload's selector
/// cannot.
#[must_use]
pub fn selector(storefront: &str, part: Part) -> BTreeMap<String, String> {
    BTreeMap::from([
        (STOREFRONT_LABEL.to_owned(), storefront.to_owned()),
        (COMPONENT_LABEL.to_owned(), part.label()),
    ])
}

/// A component's Deployment, Service, ServiceAccount and ConfigMap.
#[must_use]
pub fn component(storefront: &str, component: Component) -> String {
    format!("{storefront}-{component}")
}

/// The Secret with which a component connects to its database: `username`, `password`.
#[must_use]
pub fn database_secret(storefront: &str, owner: Component) -> String {
    format!("{storefront}-{owner}-db")
}

/// The Job that provisions and migrates a component's database. A Job's pod template cannot change,
/// so each content has a Job of its own; `hash` stands for it.
#[must_use]
pub fn migration(storefront: &str, owner: Component, hash: &str) -> String {
    format!("{storefront}-{owner}-migrate-{hash}")
}

/// The Job that fills in demonstration data; for `hash` see [`migration`].
#[must_use]
pub fn seed(storefront: &str, hash: &str) -> String {
    format!("{storefront}-seed-{hash}")
}

/// The managed PostgreSQL's StatefulSet, Service, ServiceAccount and ConfigMap.
#[must_use]
pub fn postgres(storefront: &str) -> String {
    format!("{storefront}-postgres")
}

/// The claim of the managed PostgreSQL's volume.
#[must_use]
pub fn postgres_data(storefront: &str) -> String {
    format!("{storefront}-postgres-data")
}

/// The Secret of the managed PostgreSQL's superuser: `username`, `password`. With an external
/// server the Storefront names a Secret of the same keys.
#[must_use]
pub fn postgres_admin(storefront: &str) -> String {
    format!("{storefront}-postgres-admin")
}

/// The managed Redis's StatefulSet, Service, ServiceAccount and ConfigMap.
#[must_use]
pub fn redis(storefront: &str) -> String {
    format!("{storefront}-redis")
}

/// The claim of the managed Redis's volume.
#[must_use]
pub fn redis_data(storefront: &str) -> String {
    format!("{storefront}-redis-data")
}

/// The Secret with which components connect to the managed Redis: `username`, `password`.
#[must_use]
pub fn redis_auth(storefront: &str) -> String {
    format!("{storefront}-redis-auth")
}

/// A Secret that the operator makes up for the shop as a whole.
#[must_use]
pub fn generated_secret(storefront: &str, secret: GeneratedSecret) -> String {
    format!("{storefront}-{}", secret.suffix())
}

/// The inbox's Deployment, Service and ServiceAccount.
#[must_use]
pub fn inbox(storefront: &str) -> String {
    format!("{storefront}-inbox")
}

/// The Service of the inbox's web page on a port of the nodes. Its port for mail stays inside.
#[must_use]
pub fn inbox_page(storefront: &str) -> String {
    format!("{storefront}-inbox-page")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Every name of a Storefront's children.
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
                inbox(storefront),
                inbox_page(storefront),
            ])
            .chain(GeneratedSecret::ALL.map(|secret| generated_secret(storefront, secret)))
            .collect()
    }

    #[test]
    fn the_longest_storefront_name_leaves_every_name_within_a_label() {
        let longest = "s".repeat(MAX_STOREFRONT_NAME);
        for name in all(&longest, "0123456789") {
            assert!(name.len() <= 63, "{name} has {} characters", name.len());
        }
    }

    #[test]
    fn children_of_one_storefront_have_different_names() {
        let names = all("demo", "0123456789");
        let distinct: BTreeSet<&String> = names.iter().collect();
        assert_eq!(distinct.len(), names.len());
    }

    /// A neighbour can be named like any beginning of our children's names.
    #[test]
    fn children_of_two_storefronts_in_a_namespace_never_meet() {
        let ours: BTreeSet<String> = all("demo", "0123456789").into_iter().collect();
        for child in &ours {
            for (end, _) in child.match_indices('-').skip(1).chain([(child.len(), "")]) {
                let neighbour = &child[..end];
                let shared: Vec<String> = all(neighbour, "0123456789")
                    .into_iter()
                    .filter(|theirs| ours.contains(theirs))
                    .collect();
                assert!(shared.is_empty(), "demo and {neighbour} share {shared:?}");
            }
        }
    }

    #[test]
    fn each_part_has_a_label_of_its_own_and_is_found_by_it() {
        for part in Part::all() {
            assert_eq!(Part::from_label(&part.label()), Some(part));
        }
    }

    #[test]
    fn a_selector_is_part_of_the_labels() {
        let labels = labels("demo", Part::Component(Component::Catalog), "0.1.0");
        for (key, value) in selector("demo", Part::Component(Component::Catalog)) {
            assert_eq!(labels.get(&key), Some(&value));
        }
    }
}
