//! Why a pod does not run, in words that name the way out.
//!
//! Kubernetes alternates between states while it retries (`ErrImagePull` and `ImagePullBackOff`, a
//! crash and the next start), with texts that count attempts. What is told here does not: the same
//! trouble always gives the same cause, or the status would be written on every retry.

use std::collections::BTreeSet;
use std::time::Duration;

use super::gist::{gist, shortened};
use super::pod_object::{ContainerStatus, PodSpec, PodStatus, Terminated};

/// Restarts from which on a container that is not ready counts as crashing although it is being
/// started once more at the moment. One restart happens to the best.
const CRASHES: i32 = 2;

/// Longer than a provisioner takes for a volume, or a registry for a second answer; shorter than
/// anybody's patience.
const SOON: Duration = Duration::from_secs(10);

/// Longer than a node takes for setting a pod up: its network, and volumes that are files.
const SET_UP: Duration = Duration::from_secs(30);

/// What keeps a pod from running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The sort of trouble.
    pub kind: CauseKind,
    /// The trouble in words.
    pub message: String,
}

/// The sorts of trouble, worst first: when pods of one component differ, the first is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CauseKind {
    /// The image cannot be had.
    ImagePull,
    /// The image could not be had just now, perhaps at the next try.
    ImagePullTried,
    /// Something that the container refers to is missing, such as a Secret.
    Config,
    /// The node does not get as far as the containers: a volume is missing, such as a Secret's.
    SetUp,
    /// The program ends again and again.
    CrashLoop,
    /// The program of a Job ended with an error.
    Failed,
    /// No node has room, or the volume cannot be had.
    Unschedulable,
}

impl CauseKind {
    /// As the `reason` of a condition or an event has it. What has the same reason is the same
    /// trouble.
    #[must_use]
    pub const fn reason(self) -> &'static str {
        match self {
            Self::ImagePull | Self::ImagePullTried => "ImagePullFailed",
            Self::Config | Self::SetUp => "ConfigError",
            Self::CrashLoop => "CrashLoop",
            Self::Failed => "Failed",
            Self::Unschedulable => "Unschedulable",
        }
    }

    /// Whether somebody has to act. A pod that finds no room may still find it: nodes and volumes
    /// come and go by themselves.
    #[must_use]
    pub const fn needs_somebody(self) -> bool {
        !matches!(self, Self::Unschedulable)
    }

    /// How long it has to last before it is told: what passes in the ordinary course of a start is
    /// no trouble, as that a volume is bound a moment after its pod was first looked at.
    #[must_use]
    pub const fn patience(self) -> Duration {
        match self {
            Self::Unschedulable | Self::ImagePullTried => SOON,
            Self::SetUp => SET_UP,
            Self::ImagePull | Self::Config | Self::CrashLoop | Self::Failed => Duration::ZERO,
        }
    }
}

/// The worst that a pod's status tells, if anything is wrong.
pub(super) fn of_pod(spec: &PodSpec, status: &PodStatus, of_job: bool) -> Option<Cause> {
    // A Deployment replaces pods that ended; only a Job's pod means something by ending.
    if status.phase == "Succeeded" || (status.phase == "Failed" && !of_job) {
        return None;
    }
    let containers = status.init_container_statuses.iter().chain(&status.container_statuses);
    containers
        .filter_map(|container| of_container(container, of_job))
        .min_by_key(|cause| cause.kind)
        .or_else(|| unschedulable(status))
        .or_else(|| not_set_up(spec, status))
}

fn unschedulable(status: &PodStatus) -> Option<Cause> {
    let condition = status.condition("PodScheduled", "False")?;
    (condition.reason == "Unschedulable")
        .then(|| Cause { kind: CauseKind::Unschedulable, message: no_node(&condition.message) })
}

/// The scheduler's reasons without how many nodes each holds for, which changes with every node
/// that comes or goes: of "0/3 nodes are available: 1 Insufficient cpu, 2 Insufficient memory.
/// preemption: …" the "Insufficient cpu, Insufficient memory".
fn no_node(message: &str) -> String {
    let Some((_, reasons)) = message.split_once("nodes are available: ") else {
        return shortened(message);
    };
    let reasons = reasons.split(" preemption: ").next().unwrap_or(reasons);
    let reasons: BTreeSet<&str> = reasons
        .trim()
        .trim_end_matches('.')
        .split(", ")
        .map(|reason| reason.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start())
        .collect();
    let reasons: Vec<&str> = reasons.into_iter().collect();
    shortened(&format!("no node is available: {}", reasons.join(", ")))
}

/// A pod that has a node, and whose node gets no further. Its status does not say why; most often a
/// Secret that it shows as files is missing. Volumes of disks may take their time, so a pod with
/// one is not judged.
fn not_set_up(spec: &PodSpec, status: &PodStatus) -> Option<Cause> {
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
        message: shortened(&format!(
            "its node cannot set it up, perhaps because a volume cannot be mounted: is there {}?",
            secrets.join(" and ")
        )),
    })
}

/// What the API server said against a pod, without the pod's name, which is another at every try,
/// and without how much of a quota is used at the moment.
pub(super) fn refused(message: &str) -> String {
    let reason = message.split_once(" is forbidden: ").map_or(message, |(_, reason)| reason);
    let reason = match (reason.find(", used: "), reason.find(", limited: ")) {
        (Some(used), Some(limited)) if used < limited => {
            format!("{}{}", &reason[..used], &reason[limited..])
        }
        _ => reason.to_owned(),
    };
    shortened(&format!("its pods are refused: {reason}"))
}

fn of_container(container: &ContainerStatus, of_job: bool) -> Option<Cause> {
    let waiting = container.state.waiting.as_ref();
    let cause = |kind, message| Some(Cause { kind, message });
    match waiting.map(|waiting| (waiting.reason.as_str(), &waiting.message)) {
        Some(("ErrImagePull", _)) => cause(CauseKind::ImagePullTried, no_image(container)),
        Some(("ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull", _)) => {
            cause(CauseKind::ImagePull, no_image(container))
        }
        Some((
            "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError",
            message,
        )) => cause(CauseKind::Config, shortened(message)),
        _ => ended(container, of_job),
    }
}

fn no_image(container: &ContainerStatus) -> String {
    format!("image {} cannot be pulled", container.image)
}

/// A container that ended with an error, and will be or was started again.
fn ended(container: &ContainerStatus, of_job: bool) -> Option<Cause> {
    let states = [&container.state, &container.last_state];
    let last = states.iter().find_map(|state| state.terminated.as_ref());
    let last = last.filter(|end| end.exit_code != 0)?;
    if of_job {
        return Some(Cause { kind: CauseKind::Failed, message: told_by(container, last) });
    }
    let backing_off =
        container.state.waiting.as_ref().is_some_and(|w| w.reason == "CrashLoopBackOff");
    let crashing = backing_off || (!container.ready && container.restart_count >= CRASHES);
    crashing.then(|| Cause { kind: CauseKind::CrashLoop, message: told_by(container, last) })
}

fn told_by(container: &ContainerStatus, end: &Terminated) -> String {
    let how = match end.reason.as_str() {
        "OOMKilled" => "ran out of memory".to_owned(),
        _ => format!("ended with code {}", end.exit_code),
    };
    match gist(&end.message) {
        Some(gist) => format!("container {} {how}: {gist}", container.name),
        None => format!("container {} {how}", container.name),
    }
}
