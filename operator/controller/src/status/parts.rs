//! The shop part by part.

use storefront_api::Storefront;
use storefront_api::component::Component;
use storefront_api::datastores::Mode;
use storefront_api::names::{self, Part as Name};
use storefront_api::services::MailMode;
use storefront_desired::{Kind, ObjectId};

use super::Picture;
use super::health::{self, Health, Trouble};

/// How every part of the shop is.
pub(super) struct Parts {
    /// Objects that are no workloads: whether they could be written.
    pub(super) objects: Health,
    /// The volumes of the managed servers, once there are any. Nobody waits for them to be as
    /// wanted.
    pub(super) claims: Option<Health>,
    /// The managed PostgreSQL; `None` if it is somebody else's.
    pub(super) database: Option<Health>,
    /// The managed Redis; `None` if it is somebody else's.
    pub(super) cache: Option<Health>,
    /// The inbox; `None` where mails go to a server.
    pub(super) mail: Option<Health>,
    /// Each database's schema, by its owner.
    pub(super) migrations: Vec<(Component, Health)>,
    /// The demonstration data, where it is wanted.
    pub(super) seed: Option<Health>,
    components: Vec<(Component, PartStatus)>,
}

/// How one component, or the inbox, is.
pub(super) struct PartStatus {
    pub(super) health: Health,
    pub(super) ready: i32,
    pub(super) desired: i32,
    pub(super) version: Option<String>,
}

impl Parts {
    pub(super) fn of(picture: &Picture<'_>, storefront: &Storefront) -> Self {
        let name = &picture.key.name;
        let spec = &storefront.spec;
        let wanted: Vec<&ObjectId> = picture.objects.iter().map(|object| &object.id).collect();
        let store = |part: Name, name: String, class: Option<&String>| {
            let id = ObjectId { kind: Kind::StatefulSet, name };
            let label = part.label();
            let health = health::of_workload(picture.shop, &id, &label, picture.now);
            let health = health::naming_class(health, class.map(String::as_str));
            match spec.suspend {
                true => health::stopped(picture.shop, &id, &label, health),
                false => health,
            }
        };
        let job = |prefix: String, reason| match health::job(&wanted, &prefix) {
            Some(id) => health::of_job(picture.shop, id, reason, picture.now),
            None => Health::Waiting(Trouble::quiet("Waiting", "waits for its turn")),
        };
        let managed = |mode: Mode| mode == Mode::Managed;
        Self {
            objects: health::of_other_writes(picture.shop, &wanted),
            claims: health::of_claims(picture.shop, &wanted),
            database: managed(spec.postgres.mode).then(|| {
                let class = spec.postgres.storage.class_name.as_ref();
                store(Name::Postgres, names::postgres(name), class)
            }),
            cache: managed(spec.redis.mode).then(|| {
                let class = spec.redis.storage.class_name.as_ref();
                store(Name::Redis, names::redis(name), class)
            }),
            mail: (spec.mail.mode == MailMode::Inbox).then(|| {
                program_status(picture, storefront, names::inbox(name), Name::Inbox).health
            }),
            migrations: Component::with_database()
                .map(|(owner, _)| {
                    (owner, job(names::migration(name, owner, ""), "MigrationFailed"))
                })
                .collect(),
            seed: spec.demo_data.then(|| job(names::seed(name, ""), "SeedFailed")),
            components: Component::ALL
                .into_iter()
                .map(|component| {
                    let deployment = names::component(name, component);
                    let part = Name::Component(component);
                    (component, program_status(picture, storefront, deployment, part))
                })
                .collect(),
        }
    }

    /// One component. Every component is there: the table says which there are.
    pub(super) fn component(&self, component: Component) -> &PartStatus {
        static NONE: PartStatus =
            PartStatus { health: Health::Ready, ready: 0, desired: 0, version: None };
        let found = self.components.iter().find(|(known, _)| *known == component);
        found.map_or(&NONE, |(_, part)| part)
    }

    pub(super) fn components(&self) -> impl Iterator<Item = (Component, &PartStatus)> {
        self.components.iter().map(|(component, part)| (*component, part))
    }

    /// Every part with the name under which people know it, in the order of a start.
    pub(super) fn all(&self) -> Vec<(String, &Health)> {
        let named = |name: &str, health| (name.to_owned(), health);
        let mut parts = vec![named("", &self.objects)];
        parts.extend(self.database.iter().map(|health| named("postgres", health)));
        parts.extend(self.cache.iter().map(|health| named("redis", health)));
        parts.extend(
            self.migrations.iter().map(|(owner, health)| (format!("migration of {owner}"), health)),
        );
        parts.extend(
            self.components().map(|(component, part)| (component.name().to_owned(), &part.health)),
        );
        parts.extend(self.mail.iter().map(|health| named("inbox", health)));
        parts.extend(self.seed.iter().map(|health| named("demonstration data", health)));
        parts
    }
}

/// How the Deployment of a component, or of the inbox, is.
fn program_status(
    picture: &Picture<'_>,
    storefront: &Storefront,
    deployment: String,
    part: Name,
) -> PartStatus {
    let id = ObjectId { kind: Kind::Deployment, name: deployment };
    let label = part.label();
    let child = picture.shop.children.get(&id);
    let mut health = health::of_workload(picture.shop, &id, &label, picture.now);
    let version = child.and_then(|child| child.version.clone());
    let target = &storefront.spec.version;
    let of_another_version = child.is_some() && version.as_ref() != Some(target);
    if of_another_version && health::of_write(picture.shop, &id).is_none() {
        health = updating(&health, target);
    }
    if storefront.spec.suspend {
        health = health::stopped(picture.shop, &id, &label, health);
    }
    PartStatus {
        health,
        ready: child.map_or(0, |child| child.ready_replicas),
        desired: child.map_or(0, |child| child.desired_replicas),
        version,
    }
}

/// A component of another version than the wanted one stays as it is until its turn comes. Whatever
/// keeps it from being ready says nothing against the version that is wanted now, which may be what
/// mends it: nobody has to act.
fn updating(health: &Health, target: &str) -> Health {
    let turn = format!("waits for its turn to be updated to {target}");
    let message = match health.trouble() {
        Some(trouble) => format!("{turn}; until then: {}", trouble.message),
        None => turn,
    };
    Health::Waiting(Trouble::quiet("Updating", message))
}
