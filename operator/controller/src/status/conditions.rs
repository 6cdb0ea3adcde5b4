//! The conditions, computed from the health of the parts.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use storefront_api::component::Component;
use storefront_api::status::ConditionType;
use storefront_api::{Storefront, defaults};

use super::StatusContext;
use super::health::{Health, Problem};
use super::parts::Parts;

const SUSPENDED: &str = "scaled to zero because spec.suspend is true; data is kept";

/// A condition without its times.
pub(super) struct ConditionValue {
    type_: ConditionType,
    holds: bool,
    reason: &'static str,
    message: String,
}

impl ConditionValue {
    pub(super) fn met(type_: ConditionType, reason: &'static str, message: &str) -> Self {
        Self { type_, holds: true, reason, message: message.to_owned() }
    }

    pub(super) fn unmet(type_: ConditionType, reason: &'static str, message: &str) -> Self {
        Self { type_, holds: false, reason, message: message.to_owned() }
    }
}

/// Returns every condition that applies.
pub(super) fn condition_values(parts: &Parts, storefront: &Storefront) -> Vec<ConditionValue> {
    let mut values = summary(parts, storefront);
    let components: Vec<_> = parts
        .components()
        .map(|(component, part)| (component.name().to_owned(), &part.health))
        .collect();
    let migrations: Vec<_> =
        parts.migrations.iter().map(|(owner, health)| (owner.name().to_owned(), health)).collect();
    values.push(match &parts.database {
        Some(health) => {
            let ok = ("Managed", "PostgreSQL accepts connections");
            from_parts(ConditionType::DatabaseReady, &[named("", health)], ok)
        }
        // The operator does not connect to an external server; its clients, the migrations, do.
        None => {
            let ok = ("External", "the migrations completed on the external PostgreSQL");
            from_parts(ConditionType::DatabaseReady, &migrations, ok)
        }
    });
    if let Some(health) = &parts.cache {
        let ok = ("Managed", "Redis accepts connections");
        values.push(from_parts(ConditionType::CacheReady, &[named("", health)], ok));
    }
    values.extend(parts.memory_pressure.map(memory_pressure));
    if let Some(health) = &parts.claims {
        let ok = ("AsWanted", "every volume claim requests the desired size");
        values.push(from_parts(ConditionType::StorageReady, &[named("", health)], ok));
    }
    if let Some(health) = &parts.mail {
        let ok = ("Inbox", "the inbox receives all mails; none leaves the cluster");
        values.push(from_parts(ConditionType::MailReady, &[named("", health)], ok));
    }
    let ok = ("Complete", "every database has the schema of this version");
    values.push(from_parts(ConditionType::MigrationsComplete, &migrations, ok));
    let ok = ("AllReady", components_ready(storefront));
    values.push(from_parts(ConditionType::ComponentsReady, &components, ok));
    values.push(up_to_date(parts, storefront));
    if storefront.spec.suspend {
        mark_suspended(&mut values, parts);
        let message = "all workloads are scaled to zero because spec.suspend is true; data is kept";
        values.push(ConditionValue::met(ConditionType::Suspended, "Requested", message));
    }
    values
}

/// Returns the message of ComponentsReady. Without the web shop it says where links in mails lead.
fn components_ready(storefront: &Storefront) -> &'static str {
    let spec = &storefront.spec;
    match (defaults::is_enabled(spec, Component::Web), &spec.expose.urls.web) {
        (true, _) => "all pods of every component are ready",
        (false, Some(_)) => {
            "all pods of every component are ready; web is disabled: links in mails lead to the \
             storefront at expose.urls.web"
        }
        (false, None) => {
            "all pods of every component are ready; web is disabled, so links in mails lead \
             nowhere: set expose.urls.web to the URL of another storefront"
        }
    }
}

/// Returns the condition of Redis's memory, which does not affect Ready.
fn memory_pressure(nearly_full: bool) -> ConditionValue {
    let type_ = ConditionType::CacheMemoryPressure;
    match nearly_full {
        true => ConditionValue::met(
            type_,
            "NearlyFull",
            "Redis uses 80 % of its memory or more, and refuses new carts when it is full: raise \
             spec.redis.resources.limits.memory",
        ),
        false => ConditionValue::unmet(type_, "EnoughMemory", "Redis has enough free memory"),
    }
}

/// Changes the conditions of stopped parts to Suspended: they are in their desired state, and serve
/// no requests. An external PostgreSQL does not stop.
fn mark_suspended(values: &mut [ConditionValue], parts: &Parts) {
    use ConditionType::{CacheReady, ComponentsReady, DatabaseReady, MailReady, UpToDate};
    for value in values.iter_mut().filter(|value| value.holds) {
        let stops = match value.type_ {
            DatabaseReady => parts.database.is_some(),
            CacheReady | ComponentsReady | MailReady | UpToDate => true,
            _ => false,
        };
        if stops {
            *value = ConditionValue::unmet(value.type_, "Suspended", SUSPENDED);
        }
    }
}

/// Returns Ready, Reconciling and Stalled, as kstatus interprets them.
fn summary(parts: &Parts, storefront: &Storefront) -> Vec<ConditionValue> {
    use ConditionType::{Ready, Reconciling, Stalled};
    let all = parts.all();
    let worst = worst(&all);
    if storefront.spec.suspend {
        return suspended(parts, worst);
    }
    let ok = "all parts are ready";
    let Some((problem, health)) = worst else {
        let version = &storefront.spec.version;
        return vec![
            ConditionValue::met(Ready, "AllReady", &format!("{ok} at version {version}")),
            ConditionValue::unmet(Reconciling, "AllReady", ok),
            ConditionValue::unmet(Stalled, "AllReady", ok),
        ];
    };
    let Problem { reason, message, .. } = problem;
    let failed = matches!(health, Health::Failed(_));
    let stalled = match failed {
        true => ConditionValue::met(Stalled, reason, &message),
        false => {
            ConditionValue::unmet(Stalled, "Progressing", "no problem requires a change by a user")
        }
    };
    let reconciling = match failed {
        true => ConditionValue::unmet(
            Reconciling,
            reason,
            "reconciliation is blocked until the problem is fixed; see Stalled",
        ),
        false => ConditionValue::met(Reconciling, reason, &message),
    };
    vec![ConditionValue::unmet(Ready, reason, &message), reconciling, stalled]
}

/// Returns Ready, Reconciling and Stalled of a suspended shop, which waits only until its pods have
/// ended.
fn suspended(parts: &Parts, worst: Option<(Problem, &Health)>) -> Vec<ConditionValue> {
    use ConditionType::{Ready, Reconciling, Stalled};
    let others = parts.database.iter().chain(&parts.cache).chain(&parts.mail);
    let workloads = others.chain(parts.components().map(|(_, part)| &part.health));
    let stopping = workloads.filter(|health| matches!(health, Health::Progressing(_))).count() > 0;
    let refused = worst.filter(|(problem, _)| problem.reason == "ApplyRefused");
    let message = if stopping { "pods are stopping" } else { SUSPENDED };
    vec![
        ConditionValue::unmet(Ready, "Suspended", message),
        match stopping {
            true => ConditionValue::met(Reconciling, "Suspended", message),
            false => ConditionValue::unmet(Reconciling, "Suspended", message),
        },
        match refused {
            Some((problem, _)) => ConditionValue::met(Stalled, problem.reason, &problem.message),
            None => ConditionValue::unmet(Stalled, "Suspended", message),
        },
    ]
}

fn up_to_date(parts: &Parts, storefront: &Storefront) -> ConditionValue {
    let target = &storefront.spec.version;
    let mut behind = parts.components().filter(|(_, part)| part.version.as_ref() != Some(target));
    match behind.next() {
        None => {
            let message = format!("all components are at version {target}");
            ConditionValue::met(ConditionType::UpToDate, "UpToDate", &message)
        }
        Some((component, _)) => {
            let message = format!("{component} is not at version {target} yet");
            ConditionValue::unmet(ConditionType::UpToDate, "Updating", &message)
        }
    }
}

fn named<'a>(name: &str, health: &'a Health) -> (String, &'a Health) {
    (name.to_owned(), health)
}

fn from_parts(
    type_: ConditionType,
    parts: &[(String, &Health)],
    ok: (&'static str, &str),
) -> ConditionValue {
    match worst(parts) {
        None => ConditionValue::met(type_, ok.0, ok.1),
        Some((problem, _)) => ConditionValue::unmet(type_, problem.reason, &problem.message),
    }
}

/// Returns the worst of several parts, the first among equals, with its name before its message.
fn worst<'a>(parts: &[(String, &'a Health)]) -> Option<(Problem, &'a Health)> {
    let most = parts.iter().map(|(_, health)| health.rank()).max()?;
    let (name, health) = parts.iter().find(|(_, health)| health.rank() == most)?;
    let problem = health.problem()?;
    let message = match name.as_str() {
        "" => problem.message.clone(),
        name => format!("{name}: {}", problem.message),
    };
    Some((Problem { message, ..problem.clone() }, health))
}

/// Adds the transition times: a condition keeps its time while its status stays the same.
pub(super) fn with_transition_times(
    values: &[ConditionValue],
    last: &[Condition],
    context: &StatusContext<'_>,
) -> Vec<Condition> {
    let with_time = |value: &ConditionValue| {
        let type_ = value.type_.as_str();
        let status = if value.holds { "True" } else { "False" };
        let previous = last.iter().find(|known| known.type_ == type_ && known.status == status);
        let since =
            previous.map_or_else(|| Time(context.time), |known| known.last_transition_time.clone());
        Condition {
            type_: type_.to_owned(),
            status: status.to_owned(),
            reason: value.reason.to_owned(),
            message: value.message.clone(),
            observed_generation: Some(context.observed.generation),
            last_transition_time: since,
        }
    };
    values.iter().map(with_time).collect()
}

/// Returns whether a condition is True.
pub(super) fn holds(conditions: &[Condition], type_: ConditionType) -> bool {
    conditions.iter().any(|known| known.type_ == type_.as_str() && known.status == "True")
}
