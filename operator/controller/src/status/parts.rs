//! The health of every part of the shop.

use storefront_api::component::Component;
use storefront_api::datastores::Mode;
use storefront_api::names::{self, Part as Name};
use storefront_api::services::MailMode;
use storefront_api::status::ConditionType;
use storefront_api::{Storefront, defaults};
use storefront_desired::{Kind, ObjectId};

use super::StatusContext;
use super::health::{self, Health, Problem};

/// The message of the reason ClusterUnknown.
const CLUSTER_UNKNOWN: &str = "databases on an external PostgreSQL need the cluster's id, and \
     the operator may not read the namespace kube-system: upgrade the operator's chart, or set its \
     value clusterId; then restart the operator";

/// The health of every part of the shop.
pub(super) struct Parts {
    /// Objects that are not workloads: whether they could be written.
    pub(super) objects: Health,
    /// The volumes of the managed servers, once they exist. Readiness does not depend on whether
    /// they have the desired size.
    pub(super) claims: Option<Health>,
    /// The managed PostgreSQL; `None` if it is external.
    pub(super) database: Option<Health>,
    /// The managed Redis; `None` if it is external.
    pub(super) cache: Option<Health>,
    /// Whether the managed Redis is nearly full; `None` if it is external, stopped, or was never
    /// measured.
    pub(super) memory_pressure: Option<bool>,
    /// The inbox; `None` if mails are sent to an SMTP server.
    pub(super) mail: Option<Health>,
    /// The migration of each database, by the component that owns it.
    pub(super) migrations: Vec<(Component, Health)>,
    /// The Job of the demonstration data, if it is requested.
    pub(super) seed: Option<Health>,
    components: Vec<(Component, PartStatus)>,
}

/// The status of one component or of the inbox.
pub(super) struct PartStatus {
    pub(super) health: Health,
    pub(super) ready: i32,
    pub(super) desired: i32,
    pub(super) version: Option<String>,
}

impl Parts {
    pub(super) fn new(context: &StatusContext<'_>, storefront: &Storefront) -> Self {
        let name = &context.key.name;
        let spec = &storefront.spec;
        let desired: Vec<&ObjectId> = context.objects.iter().map(|object| &object.id).collect();
        let store = |part: Name, name: String, class: Option<&String>| {
            let id = ObjectId { kind: Kind::StatefulSet, name };
            let label = part.label();
            let health = health::workload_health(context.state, &id, &label, context.now);
            let health = health::with_storage_class_hint(health, class.map(String::as_str));
            match spec.suspend {
                true => health::stopping_health(context.state, &id, &label, health),
                false => health,
            }
        };
        let job = |prefix: String, reason| match health::find_job(&desired, &prefix) {
            Some(id) => health::job_health(context.state, id, reason, context.now),
            None => Health::Pending(Problem::info("Waiting", "waiting for earlier rollout steps")),
        };
        let migration = |owner| match spec.postgres.mode {
            Mode::External if !context.cluster_known => {
                Health::Failed(Problem::warning("ClusterUnknown", CLUSTER_UNKNOWN))
            }
            _ => job(names::migration(name, owner, ""), "MigrationFailed"),
        };
        let managed = |mode: Mode| mode == Mode::Managed;
        Self {
            objects: health::passive_objects_health(context.state, &desired),
            claims: health::claims_health(context.state, &desired),
            database: managed(spec.postgres.mode).then(|| {
                let class = spec.postgres.storage.class_name.as_ref();
                store(Name::Postgres, names::postgres(name), class)
            }),
            cache: managed(spec.redis.mode).then(|| {
                let class = spec.redis.storage.class_name.as_ref();
                store(Name::Redis, names::redis(name), class)
            }),
            memory_pressure: memory_pressure(context)
                .filter(|_| managed(spec.redis.mode) && !spec.suspend),
            mail: (spec.mail.mode == MailMode::Inbox).then(|| {
                program_status(context, storefront, names::inbox(name), Name::Inbox).health
            }),
            migrations: Component::with_database()
                .map(|(owner, _)| (owner, migration(owner)))
                .collect(),
            seed: spec.demo_data.then(|| job(names::seed(name, ""), "SeedFailed")),
            components: defaults::components(spec)
                .map(|component| {
                    let deployment = names::component(name, component);
                    let part = Name::Component(component);
                    (component, program_status(context, storefront, deployment, part))
                })
                .collect(),
        }
    }

    /// Returns the status of one component that is enabled.
    pub(super) fn component(&self, component: Component) -> &PartStatus {
        static NONE: PartStatus =
            PartStatus { health: Health::Ready, ready: 0, desired: 0, version: None };
        let found = self.components.iter().find(|(known, _)| *known == component);
        found.map_or(&NONE, |(_, part)| part)
    }

    pub(super) fn components(&self) -> impl Iterator<Item = (Component, &PartStatus)> {
        self.components.iter().map(|(component, part)| (*component, part))
    }

    /// Returns every part with its name in messages, in the order in which the parts start.
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

/// Returns whether the managed Redis is nearly full, by the last measurement, or else by the last
/// status: an operator that has just started has not measured yet.
fn memory_pressure(context: &StatusContext<'_>) -> Option<bool> {
    let type_ = ConditionType::CacheMemoryPressure.as_str();
    let last = || {
        let conditions = context.observed.last_status().conditions;
        let known = conditions.into_iter().find(|condition| condition.type_ == type_)?;
        Some(known.status == "True")
    };
    context.state.redis_memory_pressure.or_else(last)
}

/// Returns the status of the Deployment of a component or of the inbox.
fn program_status(
    context: &StatusContext<'_>,
    storefront: &Storefront,
    deployment: String,
    part: Name,
) -> PartStatus {
    let id = ObjectId { kind: Kind::Deployment, name: deployment };
    let label = part.label();
    let child = context.state.children.get(&id);
    let mut health = health::workload_health(context.state, &id, &label, context.now);
    let version = child.and_then(|child| child.version.clone());
    let target = &storefront.spec.version;
    let other_version = child.is_some() && version.as_ref() != Some(target);
    if other_version && health::write_health(context.state, &id).is_none() {
        health = updating(&health, target);
    }
    if storefront.spec.suspend {
        health = health::stopping_health(context.state, &id, &label, health);
    }
    PartStatus {
        health,
        ready: child.map_or(0, |child| child.ready_replicas),
        desired: child.map_or(0, |child| child.desired_replicas),
        version,
    }
}

/// Returns the health of a component whose version is not the target version yet. A problem of the
/// old version may be fixed by the target version, so it does not need a user.
fn updating(health: &Health, target: &str) -> Health {
    let waiting = format!("waiting to be updated to {target}");
    let message = match health.problem() {
        Some(problem) => format!("{waiting}; current problem: {}", problem.message),
        None => waiting,
    };
    Health::Pending(Problem::info("Updating", message))
}
