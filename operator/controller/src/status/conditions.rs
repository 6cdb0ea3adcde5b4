//! The conditions: what the parts amount to.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use storefront_api::Storefront;
use storefront_api::status::ConditionType;

use super::Picture;
use super::health::{Health, Trouble};
use super::parts::Parts;

/// A condition without its times.
pub(super) struct Verdict {
    type_: ConditionType,
    holds: bool,
    reason: &'static str,
    message: String,
}

impl Verdict {
    pub(super) fn yes(type_: ConditionType, reason: &'static str, message: &str) -> Self {
        Self { type_, holds: true, reason, message: message.to_owned() }
    }

    pub(super) fn no(type_: ConditionType, reason: &'static str, message: &str) -> Self {
        Self { type_, holds: false, reason, message: message.to_owned() }
    }
}

/// Every condition that applies.
pub(super) fn verdicts(parts: &Parts, storefront: &Storefront) -> Vec<Verdict> {
    let mut verdicts = whole(parts, storefront);
    let components: Vec<_> = parts
        .components()
        .map(|(component, part)| (component.name().to_owned(), &part.health))
        .collect();
    let migrations: Vec<_> =
        parts.migrations.iter().map(|(owner, health)| (owner.name().to_owned(), health)).collect();
    verdicts.push(match &parts.database {
        Some(health) => {
            let fine = ("Managed", "PostgreSQL accepts connections");
            part(ConditionType::DatabaseReady, &[named("", health)], fine)
        }
        // Nobody tells the operator of an external server but those who connect to it.
        None => {
            let fine = ("External", "the migrations got through to PostgreSQL");
            part(ConditionType::DatabaseReady, &migrations, fine)
        }
    });
    if let Some(health) = &parts.cache {
        let fine = ("Managed", "Redis accepts connections");
        verdicts.push(part(ConditionType::CacheReady, &[named("", health)], fine));
    }
    if let Some(health) = &parts.claims {
        let fine = ("AsWanted", "every volume is asked for in the size that is wanted");
        verdicts.push(part(ConditionType::StorageReady, &[named("", health)], fine));
    }
    if let Some(health) = &parts.mail {
        let fine = ("Inbox", "the inbox takes mails, and none leaves the cluster");
        verdicts.push(part(ConditionType::MailReady, &[named("", health)], fine));
    }
    let fine = ("Complete", "every database has the schema of this version");
    verdicts.push(part(ConditionType::MigrationsComplete, &migrations, fine));
    let fine = ("AllReady", "every component has all its pods ready");
    verdicts.push(part(ConditionType::ComponentsReady, &components, fine));
    verdicts.push(up_to_date(parts, storefront));
    if storefront.spec.suspend {
        stop(&mut verdicts, parts);
        let message = "every workload is stopped on demand; data stays";
        verdicts.push(Verdict::yes(ConditionType::Suspended, "Requested", message));
    }
    verdicts
}

/// What is stopped serves nobody, although it has come as far as it is wanted to. An external
/// PostgreSQL does not stop.
fn stop(verdicts: &mut [Verdict], parts: &Parts) {
    use ConditionType::{CacheReady, ComponentsReady, DatabaseReady, MailReady, UpToDate};
    for verdict in verdicts.iter_mut().filter(|verdict| verdict.holds) {
        let stops = match verdict.type_ {
            DatabaseReady => parts.database.is_some(),
            CacheReady | ComponentsReady | MailReady | UpToDate => true,
            _ => false,
        };
        if stops {
            *verdict = Verdict::no(verdict.type_, "Suspended", "stopped on demand; data stays");
        }
    }
}

/// Ready, Reconciling and Stalled, as kstatus reads them.
fn whole(parts: &Parts, storefront: &Storefront) -> Vec<Verdict> {
    use ConditionType::{Ready, Reconciling, Stalled};
    let all = parts.all();
    let worst = worst(&all);
    if storefront.spec.suspend {
        return suspended(parts, worst);
    }
    let fine = "every part is up";
    let Some((trouble, health)) = worst else {
        let version = &storefront.spec.version;
        return vec![
            Verdict::yes(Ready, "AllReady", &format!("{fine} in version {version}")),
            Verdict::no(Reconciling, "AllReady", fine),
            Verdict::no(Stalled, "AllReady", fine),
        ];
    };
    let Trouble { reason, message, .. } = trouble;
    let broken = matches!(health, Health::Broken(_));
    let stalled = match broken {
        true => Verdict::yes(Stalled, reason, &message),
        false => Verdict::no(Stalled, "Progressing", "nothing stands in the way for good"),
    };
    let reconciling = match broken {
        true => Verdict::no(Reconciling, reason, "waits for somebody to act"),
        false => Verdict::yes(Reconciling, reason, &message),
    };
    vec![Verdict::no(Ready, reason, &message), reconciling, stalled]
}

/// A suspended shop waits for its pods to end, and for nothing else.
fn suspended(parts: &Parts, worst: Option<(Trouble, &Health)>) -> Vec<Verdict> {
    use ConditionType::{Ready, Reconciling, Stalled};
    let others = parts.database.iter().chain(&parts.cache).chain(&parts.mail);
    let workloads = others.chain(parts.components().map(|(_, part)| &part.health));
    let stopping = workloads.filter(|health| matches!(health, Health::Going(_))).count() > 0;
    let refused = worst.filter(|(trouble, _)| trouble.reason == "ApplyRefused");
    let message = if stopping { "is being stopped" } else { "stopped on demand; data stays" };
    vec![
        Verdict::no(Ready, "Suspended", message),
        match stopping {
            true => Verdict::yes(Reconciling, "Suspended", message),
            false => Verdict::no(Reconciling, "Suspended", message),
        },
        match refused {
            Some((trouble, _)) => Verdict::yes(Stalled, trouble.reason, &trouble.message),
            None => Verdict::no(Stalled, "Suspended", message),
        },
    ]
}

fn up_to_date(parts: &Parts, storefront: &Storefront) -> Verdict {
    let target = &storefront.spec.version;
    let mut behind = parts.components().filter(|(_, part)| part.version.as_ref() != Some(target));
    match behind.next() {
        None => {
            let message = format!("every component is of version {target}");
            Verdict::yes(ConditionType::UpToDate, "UpToDate", &message)
        }
        Some((component, _)) => {
            let message = format!("{component} is not yet of version {target}");
            Verdict::no(ConditionType::UpToDate, "Updating", &message)
        }
    }
}

fn named<'a>(name: &str, health: &'a Health) -> (String, &'a Health) {
    (name.to_owned(), health)
}

fn part(type_: ConditionType, parts: &[(String, &Health)], fine: (&'static str, &str)) -> Verdict {
    match worst(parts) {
        None => Verdict::yes(type_, fine.0, fine.1),
        Some((trouble, _)) => Verdict::no(type_, trouble.reason, &trouble.message),
    }
}

/// The worst of several parts, the first among equals, with its name put before its message.
fn worst<'a>(parts: &[(String, &'a Health)]) -> Option<(Trouble, &'a Health)> {
    let most = parts.iter().map(|(_, health)| health.severity()).max()?;
    let (name, health) = parts.iter().find(|(_, health)| health.severity() == most)?;
    let trouble = health.trouble()?;
    let message = match name.as_str() {
        "" => trouble.message.clone(),
        name => format!("{name}: {}", trouble.message),
    };
    Some((Trouble { message, ..trouble.clone() }, health))
}

/// Adds the times: a condition keeps its time while its status stays.
pub(super) fn stamp(
    verdicts: &[Verdict],
    last: &[Condition],
    picture: &Picture<'_>,
) -> Vec<Condition> {
    let stamp = |verdict: &Verdict| {
        let type_ = verdict.type_.as_str();
        let status = if verdict.holds { "True" } else { "False" };
        let before = last.iter().find(|known| known.type_ == type_ && known.status == status);
        let since =
            before.map_or_else(|| Time(picture.time), |known| known.last_transition_time.clone());
        Condition {
            type_: type_.to_owned(),
            status: status.to_owned(),
            reason: verdict.reason.to_owned(),
            message: verdict.message.clone(),
            observed_generation: Some(picture.row.generation),
            last_transition_time: since,
        }
    };
    verdicts.iter().map(stamp).collect()
}

/// Whether a condition holds.
pub(super) fn holds(conditions: &[Condition], type_: ConditionType) -> bool {
    conditions.iter().any(|known| known.type_ == type_.as_str() && known.status == "True")
}
