//! The health of one part of the shop.

use std::time::Instant;

use storefront_desired::{Kind, ObjectId, Progress};

use crate::fault::FaultKind;
use crate::index::{PodSelector, StorefrontState};
use crate::observe::CauseKind;

/// The longest message that is quoted from the API server, in characters.
const MESSAGE_LENGTH: usize = 400;

/// The number of failed retries after which an unavailable API server is reported.
const ATTEMPTS_BEFORE_REPORT: u32 = 3;

/// The health of one part of the shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Health {
    /// The part is ready.
    Ready,
    /// The part waits for another part.
    Pending(Problem),
    /// The part is progressing, or has a problem that may resolve without a user.
    Progressing(Problem),
    /// The part does not become ready unless a user acts.
    Failed(Problem),
}

/// The severity of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Normal during a rollout.
    Info,
    /// Reported to users, also when it may resolve without them.
    Warning,
}

/// What keeps a part from being ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The reason of the condition.
    pub reason: &'static str,
    /// The message for users.
    pub message: String,
    /// How severe the problem is.
    pub severity: Severity,
}

impl Problem {
    /// Creates a problem that is normal during a rollout.
    pub(super) fn info(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), severity: Severity::Info }
    }

    /// Creates a problem that is reported to users.
    pub(super) fn warning(reason: &'static str, message: impl Into<String>) -> Self {
        Self { reason, message: message.into(), severity: Severity::Warning }
    }
}

impl Health {
    /// Returns what keeps the part from being ready, if anything does.
    #[must_use]
    pub const fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Ready => None,
            Self::Pending(problem) | Self::Progressing(problem) | Self::Failed(problem) => {
                Some(problem)
            }
        }
    }

    /// Returns a number that is higher for worse health.
    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Ready => 0,
            Self::Pending(_) => 1,
            Self::Progressing(problem) => 2 + u8::from(problem.severity == Severity::Warning),
            Self::Failed(_) => 4,
        }
    }
}

/// Returns the health of a Deployment or StatefulSet whose pods have this component label.
pub(super) fn workload_health(
    state: &StorefrontState,
    id: &ObjectId,
    label: &str,
    now: Instant,
) -> Health {
    if let Some(fault) = write_health(state, id) {
        return fault;
    }
    let Some(child) = state.children.get(id) else {
        return Health::Pending(Problem::info(
            "Waiting",
            "waiting for the parts that it depends on",
        ));
    };
    if child.progress == Progress::Done {
        return Health::Ready;
    }
    if let Some(cause) = state.worst_cause(PodSelector::Component(label), now) {
        let problem = Problem::warning(cause.kind.reason(), cause.message.clone());
        return match cause.kind.needs_intervention() {
            true => Health::Failed(problem),
            false => Health::Progressing(problem),
        };
    }
    // A quota may become free; past the progress deadline a user has to act.
    if let Some(pod_rejection) = &child.pod_rejection {
        let problem = Problem::warning("PodsRefused", pod_rejection.clone());
        return match child.progress {
            Progress::Failed => Health::Failed(problem),
            _ => Health::Progressing(problem),
        };
    }
    let (ready, desired) = (child.ready_replicas, child.desired_replicas);
    let message = match desired {
        0 => "pods are stopping".to_owned(),
        _ => format!("{ready} of {desired} pods ready"),
    };
    match child.progress {
        Progress::Failed => Health::Failed(Problem::warning("DeadlineExceeded", message)),
        _ => Health::Progressing(Problem::info("Progressing", message)),
    }
}

/// Returns the health of a workload that is being scaled to zero. Terminating pods count here,
/// because they may still serve requests.
pub(super) fn stopping_health(
    state: &StorefrontState,
    id: &ObjectId,
    label: &str,
    health: Health,
) -> Health {
    let has_desired_pods = state.children.get(id).is_some_and(|child| child.desired_replicas > 0);
    match health {
        Health::Ready if has_desired_pods || state.parts_with_pods().contains(label) => {
            Health::Progressing(Problem::info("Progressing", "pods are stopping"))
        }
        other => other,
    }
}

/// Adds the storage class to the message about an unbound volume, because the message of the
/// scheduler does not contain it.
pub(super) fn with_storage_class_hint(health: Health, class: Option<&str>) -> Health {
    let hint = match class {
        Some(class) => format!("check that the storage class {class} exists"),
        None => "check that the cluster has a default storage class".to_owned(),
    };
    match health {
        Health::Progressing(problem) if problem.message.contains("PersistentVolumeClaim") => {
            Health::Progressing(Problem {
                message: format!("{}; {hint}", problem.message),
                ..problem
            })
        }
        other => other,
    }
}

/// Returns the health of a Job; `failed` is the reason that is reported when it fails.
pub(super) fn job_health(
    state: &StorefrontState,
    id: &ObjectId,
    failed: &'static str,
    now: Instant,
) -> Health {
    if let Some(fault) = write_health(state, id) {
        return fault;
    }
    let progress = state.children.get(id).map(|child| child.progress);
    if progress == Some(Progress::Done) {
        return Health::Ready;
    }
    let cause = state.worst_cause(PodSelector::Job(&id.name), now);
    let history = state.history.get(id);
    if let Some(retry) = history.and_then(|history| history.job.as_ref()) {
        let cause = cause.or(retry.cause.as_ref());
        let message = cause.map_or("all attempts of the Job failed", |cause| &cause.message);
        let reason = match cause.map(|cause| cause.kind) {
            Some(CauseKind::DatabaseInUse) => CauseKind::DatabaseInUse.reason(),
            _ => failed,
        };
        return Health::Failed(Problem::warning(reason, with_retry_note(message)));
    }
    match (cause, progress) {
        (Some(cause), _) if cause.kind == CauseKind::DatabaseInUse => {
            Health::Failed(Problem::warning(cause.kind.reason(), with_retry_note(&cause.message)))
        }
        (Some(cause), _) if cause.kind == CauseKind::Failed => {
            Health::Progressing(Problem::warning(failed, with_retry_note(&cause.message)))
        }
        (Some(cause), _) if cause.kind.needs_intervention() => {
            Health::Failed(Problem::warning(cause.kind.reason(), cause.message.clone()))
        }
        (Some(cause), _) => {
            Health::Progressing(Problem::warning(cause.kind.reason(), cause.message.clone()))
        }
        (None, None) => Health::Pending(Problem::info("Waiting", "waiting for PostgreSQL")),
        (None, Some(_)) => Health::Progressing(Problem::info("Running", "the Job is running")),
    }
}

fn with_retry_note(message: &str) -> String {
    format!("{message}; the Job is retried automatically")
}

/// Returns the health of a child whose last write failed, if the failure is reported.
pub(super) fn write_health(state: &StorefrontState, id: &ObjectId) -> Option<Health> {
    let failed = state.history.get(id)?.failed_write.as_ref()?;
    let message: String = failed.fault.message.chars().take(MESSAGE_LENGTH).collect();
    let message = format!("{id}: {message}");
    match failed.fault.kind {
        FaultKind::Refused => Some(Health::Failed(Problem::warning("ApplyRefused", message))),
        FaultKind::Unavailable | FaultKind::Conflict
            if failed.attempts >= ATTEMPTS_BEFORE_REPORT =>
        {
            Some(Health::Progressing(Problem::warning("ApplyFailed", message)))
        }
        FaultKind::Unavailable | FaultKind::Conflict | FaultKind::NamespaceGone => None,
    }
}

/// Returns the worst health of the children that are not workloads. A claim that exists is not
/// included: see [`claims_health`].
pub(super) fn passive_objects_health(state: &StorefrontState, desired_ids: &[&ObjectId]) -> Health {
    let passive = desired_ids
        .iter()
        .filter(|id| !crate::observe::is_workload(id.kind) && !is_existing_claim(state, id));
    let worst = passive.filter_map(|id| write_health(state, id)).max_by_key(Health::rank);
    worst.unwrap_or(Health::Ready)
}

/// Returns whether the existing claims could be changed as desired; `None` without claims. A volume
/// that cannot grow keeps its data, and the shop continues to serve from it.
pub(super) fn claims_health(state: &StorefrontState, desired_ids: &[&ObjectId]) -> Option<Health> {
    let claims: Vec<_> = desired_ids.iter().filter(|id| is_existing_claim(state, id)).collect();
    let claim_health = |id: &&&ObjectId| match write_health(state, id) {
        Some(Health::Failed(Problem { message, .. })) => {
            let message = format!(
                "{message}; the shop continues with the present volume; to let it grow, set \
                 allowVolumeExpansion in its storage class"
            );
            Health::Progressing(Problem::warning("ChangeRefused", message))
        }
        Some(other) => other,
        None => Health::Ready,
    };
    claims.iter().map(claim_health).max_by_key(Health::rank)
}

fn is_existing_claim(state: &StorefrontState, id: &ObjectId) -> bool {
    id.kind == Kind::PersistentVolumeClaim && state.children.contains_key(id)
}

/// Finds the desired Job whose name starts with `prefix`; the rest of the name is a hash of its
/// content.
pub(super) fn find_job<'a>(desired: &[&'a ObjectId], prefix: &str) -> Option<&'a ObjectId> {
    desired.iter().find(|id| id.kind == Kind::Job && id.name.starts_with(prefix)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unbound_volume_message_names_its_storage_class() {
        let unbound = "no node is available: pod has unbound immediate PersistentVolumeClaims";
        let message_of = |message: &str, class| {
            let health = Health::Progressing(Problem::warning("Unschedulable", message));
            with_storage_class_hint(health, class)
                .problem()
                .map(|problem| problem.message.clone())
                .unwrap()
        };
        let named = format!("{unbound}; check that the storage class fast exists");
        assert_eq!(message_of(unbound, Some("fast")), named);
        let default = "; check that the cluster has a default storage class";
        assert!(message_of(unbound, None).ends_with(default));
        assert_eq!(
            message_of("no node has enough memory", Some("fast")),
            "no node has enough memory"
        );
    }
}
