//! The causes that keep a pod from running, with messages that say what to do.
//!
//! Kubernetes alternates between states while it retries (`ErrImagePull` and `ImagePullBackOff`, a
//! crash and the next start), with messages that count attempts. A cause is stable instead: the
//! same problem always gives the same cause. Otherwise the status would be written at every retry.

use std::collections::BTreeSet;
use std::time::Duration;

use storefront_api::component::DATABASE_IN_USE_EXIT_CODE;
use storefront_api::names::TAKE_OVER_ANNOTATION;

use super::log_summary::{summarize_log, truncated};
use super::pod_object::{ContainerStatus, PodSpec, PodStatus, Terminated};

/// The number of restarts after which a container that is not ready counts as crash looping, even
/// while it is starting. A single restart is normal.
const CRASH_LOOP_RESTARTS: i32 = 2;

/// The delay before a possibly transient cause is reported: longer than the provisioning of a
/// volume or a second attempt at a registry takes, and short enough for a user who is waiting.
const TRANSIENT_REPORT_DELAY: Duration = Duration::from_secs(10);

/// The delay before a sidecar that keeps a Job is reported: longer than a sidecar that ends by
/// itself needs for that.
const SIDECAR_REPORT_DELAY: Duration = Duration::from_secs(15);

/// The delay before a failed pod setup is reported: longer than a node takes to set up a pod's
/// network and its volumes of files.
const POD_SETUP_REPORT_DELAY: Duration = Duration::from_secs(30);

/// What keeps a pod from running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The kind of the cause.
    pub kind: CauseKind,
    /// The message for users.
    pub message: String,
}

/// The kinds of causes, worst first: when pods of one component differ, the first is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CauseKind {
    /// The image cannot be pulled.
    ImagePull,
    /// One pull of the image failed; the next one may succeed.
    ImagePullRetrying,
    /// An object that the container refers to is missing, such as a Secret.
    Config,
    /// The node cannot set up the pod: a volume cannot be mounted, such as a Secret.
    SetUp,
    /// The container exits with an error repeatedly.
    CrashLoop,
    /// The container of a Job has ended, and an injected one keeps the pod running.
    SidecarRunning,
    /// The databases on the external PostgreSQL server belong to someone else.
    DatabaseInUse,
    /// A container of a Job exited with an error.
    Failed,
    /// No node has room, or the volume cannot be provisioned.
    Unschedulable,
}

impl CauseKind {
    /// Returns the `reason` of the condition and the event. Causes with the same reason are the
    /// same problem.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::ImagePull | Self::ImagePullRetrying => "ImagePullFailed",
            Self::Config | Self::SetUp => "ConfigError",
            Self::CrashLoop => "CrashLoop",
            Self::SidecarRunning => "SidecarRunning",
            Self::DatabaseInUse => "DatabaseInUse",
            Self::Failed => "Failed",
            Self::Unschedulable => "Unschedulable",
        }
    }

    /// Returns whether a user has to act. An unschedulable pod may become schedulable without a
    /// user, when nodes or volumes are added.
    #[must_use]
    pub const fn needs_intervention(self) -> bool {
        !matches!(self, Self::Unschedulable)
    }

    /// Returns how long the cause has to last before it is reported. Some causes are normal during
    /// a start: a volume, for example, is bound shortly after the first scheduling attempt of its
    /// pod.
    #[must_use]
    pub const fn report_delay(self) -> Duration {
        match self {
            Self::Unschedulable | Self::ImagePullRetrying => TRANSIENT_REPORT_DELAY,
            Self::SetUp => POD_SETUP_REPORT_DELAY,
            Self::SidecarRunning => SIDECAR_REPORT_DELAY,
            Self::ImagePull
            | Self::Config
            | Self::CrashLoop
            | Self::DatabaseInUse
            | Self::Failed => Duration::ZERO,
        }
    }
}

/// Returns the worst cause in a pod's status, if there is one.
pub(super) fn pod_cause(spec: &PodSpec, status: &PodStatus, is_job: bool) -> Option<Cause> {
    // A Deployment replaces pods that ended; the end of a pod is a problem only for a Job.
    if status.phase == "Succeeded" || (status.phase == "Failed" && !is_job) {
        return None;
    }
    let containers = status.init_container_statuses.iter().chain(&status.container_statuses);
    containers
        .filter_map(|container| container_cause(container, is_job))
        .min_by_key(|cause| cause.kind)
        .or_else(|| unschedulable(status))
        .or_else(|| setup_failure(spec, status))
}

/// Detects containers that keep the pod of a Job running after the container `main`, which does the
/// work, has ended. The pod is not complete before all its containers have ended. Native sidecars
/// are init containers and end by themselves.
pub(super) fn remaining_sidecar(main: &str, status: &PodStatus) -> Option<Cause> {
    if status.has_ended() {
        return None;
    }
    let main = status.container_statuses.iter().find(|container| container.name == main)?;
    let end = main.state.terminated.as_ref()?;
    let remaining = status
        .container_statuses
        .iter()
        .filter(|other| other.name != main.name && other.state.terminated.is_none());
    let remaining: Vec<&str> = remaining.map(|container| container.name.as_str()).collect();
    let how = match end.exit_code {
        0 => format!("container {} has ended", main.name),
        _ => exit_message(main, end),
    };
    (!remaining.is_empty()).then(|| Cause {
        kind: CauseKind::SidecarRunning,
        message: format!(
            "the Job does not end, because its pod still runs the container {}, which the \
             Storefront does not define ({how}): exclude the pods of Jobs from its injection, or \
             inject it as a native sidecar",
            remaining.join(", ")
        ),
    })
}

fn unschedulable(status: &PodStatus) -> Option<Cause> {
    let condition = status.condition("PodScheduled", "False")?;
    (condition.reason == "Unschedulable").then(|| Cause {
        kind: CauseKind::Unschedulable,
        message: scheduling_failure(&condition.message),
    })
}

/// Returns the scheduler's reasons without the number of nodes that each applies to, because it
/// changes with every added or removed node: "Insufficient cpu, Insufficient memory" for "0/3 nodes
/// are available: 1 Insufficient cpu, 2 Insufficient memory. preemption: …".
fn scheduling_failure(message: &str) -> String {
    let Some((_, reasons)) = message.split_once("nodes are available: ") else {
        return truncated(message);
    };
    let reasons = reasons.split(" preemption: ").next().unwrap_or(reasons);
    let reasons: BTreeSet<&str> = reasons
        .trim()
        .trim_end_matches('.')
        .split(", ")
        .map(|reason| reason.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start())
        .collect();
    let reasons: Vec<&str> = reasons.into_iter().collect();
    truncated(&format!("no node is available: {}", reasons.join(", ")))
}

/// Detects a pod that is scheduled and that its node cannot set up. The status does not contain the
/// reason; most often a Secret that the pod mounts is missing. Attaching a disk may take long, so
/// pods with a PersistentVolumeClaim are not reported.
fn setup_failure(spec: &PodSpec, status: &PodStatus) -> Option<Cause> {
    status.condition("PodScheduled", "True")?;
    status.condition("PodReadyToStartContainers", "False")?;
    if spec.volumes.iter().any(|volume| volume.persistent_volume_claim.is_some()) {
        return None;
    }
    let secrets = spec.volumes.iter().filter_map(|volume| volume.secret.as_ref()).map(|secret| {
        let keys: Vec<&str> = secret.items.iter().map(|item| item.key.as_str()).collect();
        match keys.as_slice() {
            [] => format!("the Secret {}", secret.secret_name),
            keys => format!("the Secret {} with the key {}", secret.secret_name, keys.join(", ")),
        }
    });
    let secrets: Vec<String> = secrets.collect();
    (!secrets.is_empty()).then(|| Cause {
        kind: CauseKind::SetUp,
        message: truncated(&format!(
            "the node cannot set up the pod, probably because a volume cannot be mounted: check \
             that {} exists",
            secrets.join(" and ")
        )),
    })
}

/// Returns why the API server rejects pods, without the pod's name, which differs at every attempt,
/// and without the current use of a quota.
pub(super) fn pod_rejection(message: &str) -> String {
    let reason = message.split_once(" is forbidden: ").map_or(message, |(_, reason)| reason);
    let reason = match (reason.find(", used: "), reason.find(", limited: ")) {
        (Some(used), Some(limited)) if used < limited => {
            format!("{}{}", &reason[..used], &reason[limited..])
        }
        _ => reason.to_owned(),
    };
    truncated(&format!("pods cannot be created: {reason}"))
}

fn container_cause(container: &ContainerStatus, is_job: bool) -> Option<Cause> {
    let waiting = container.state.waiting.as_ref();
    let cause = |kind, message| Some(Cause { kind, message });
    match waiting.map(|waiting| (waiting.reason.as_str(), &waiting.message)) {
        Some(("ErrImagePull", _)) => cause(CauseKind::ImagePullRetrying, pull_failure(container)),
        Some(("ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull", _)) => {
            cause(CauseKind::ImagePull, pull_failure(container))
        }
        Some((
            "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError",
            message,
        )) => cause(CauseKind::Config, truncated(message)),
        _ => exit_cause(container, is_job),
    }
}

fn pull_failure(container: &ContainerStatus) -> String {
    format!("image {} cannot be pulled", container.image)
}

/// Returns the cause of a container that exited with an error, and is or will be restarted.
fn exit_cause(container: &ContainerStatus, is_job: bool) -> Option<Cause> {
    let states = [&container.state, &container.last_state];
    let last = states.iter().find_map(|state| state.terminated.as_ref());
    let last = last.filter(|end| end.exit_code != 0)?;
    if is_job && last.exit_code == i32::from(DATABASE_IN_USE_EXIT_CODE) {
        return Some(Cause { kind: CauseKind::DatabaseInUse, message: in_use_message(last) });
    }
    if is_job {
        return Some(Cause { kind: CauseKind::Failed, message: exit_message(container, last) });
    }
    let backing_off =
        container.state.waiting.as_ref().is_some_and(|w| w.reason == "CrashLoopBackOff");
    let crashing =
        backing_off || (!container.ready && container.restart_count >= CRASH_LOOP_RESTARTS);
    crashing.then(|| Cause { kind: CauseKind::CrashLoop, message: exit_message(container, last) })
}

/// Returns the refusal of provisioning, with what to do.
fn in_use_message(end: &Terminated) -> String {
    let summary = summarize_log(&end.message).unwrap_or_default();
    let refusal = match summary.trim_start_matches("shop: ") {
        "" => "the databases belong to someone else",
        refusal => refusal,
    };
    format!(
        "{refusal}; use another server, or take the databases over with the annotation \
         {TAKE_OVER_ANNOTATION}: the identity of their owner, or none if they have none"
    )
}

fn exit_message(container: &ContainerStatus, end: &Terminated) -> String {
    let how = match end.reason.as_str() {
        "OOMKilled" => "ran out of memory".to_owned(),
        _ => format!("exited with code {}", end.exit_code),
    };
    match summarize_log(&end.message) {
        Some(summary) => format!("container {} {how}: {summary}", container.name),
        None => format!("container {} {how}", container.name),
    }
}
