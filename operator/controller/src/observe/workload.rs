//! The progress of a workload.

use kube::core::Object;
use serde::Deserialize;
use storefront_desired::{Kind, Progress};

use super::{Child, cause};

/// A Deployment, StatefulSet or Job with only the fields that the operator reads.
pub type WorkloadObject = Object<WorkloadSpec, WorkloadStatus>;

/// The fields of the spec that the status is compared with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct WorkloadSpec {
    replicas: Option<i32>,
}

/// The fields of the status that describe progress, under the names that the three kinds share.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct WorkloadStatus {
    observed_generation: i64,
    replicas: i32,
    updated_replicas: i32,
    ready_replicas: i32,
    available_replicas: i32,
    current_revision: Option<String>,
    update_revision: Option<String>,
    conditions: Vec<WorkloadCondition>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct WorkloadCondition {
    #[serde(rename = "type")]
    type_: String,
    status: String,
    reason: String,
    message: String,
}

impl Child {
    /// Reads the state of a workload from the object, including its progress.
    #[must_use]
    pub fn from_workload(kind: Kind, object: &WorkloadObject) -> Self {
        let mut child = Self::from_metadata(kind, &object.metadata);
        let status = object.status.clone().unwrap_or_default();
        child.desired_replicas = match kind {
            Kind::Job => 0,
            _ => object.spec.replicas.unwrap_or(1),
        };
        child.ready_replicas = status.ready_replicas;
        child.pod_rejection = status.pod_rejection();
        child.progress = match kind {
            Kind::Job => job_progress(&status),
            Kind::StatefulSet => {
                stateful_set_progress(child.generation, child.desired_replicas, &status)
            }
            _ => deployment_progress(child.generation, child.desired_replicas, &status),
        };
        child
    }
}

impl WorkloadStatus {
    fn has_condition(&self, type_: &str, status: &str) -> bool {
        self.conditions.iter().any(|c| c.type_ == type_ && c.status == status)
    }

    fn past_deadline(&self) -> bool {
        self.conditions
            .iter()
            .any(|c| c.type_ == "Progressing" && c.reason == "ProgressDeadlineExceeded")
    }

    /// Returns why pods cannot be created. Only Deployments report it.
    fn pod_rejection(&self) -> Option<String> {
        let condition = self.conditions.iter().find(|c| {
            c.type_ == "ReplicaFailure" && c.status == "True" && c.reason == "FailedCreate"
        })?;
        Some(cause::pod_rejection(&condition.message))
    }
}

/// Done when every pod is of the present generation and available, and no older one is left.
fn deployment_progress(generation: i64, desired: i32, status: &WorkloadStatus) -> Progress {
    if status.observed_generation < generation {
        return Progress::Running;
    }
    let all = [status.replicas, status.updated_replicas, status.available_replicas];
    if all.iter().all(|count| *count == desired) {
        Progress::Done
    } else if status.past_deadline() {
        Progress::Failed
    } else {
        Progress::Running
    }
}

fn stateful_set_progress(generation: i64, desired: i32, status: &WorkloadStatus) -> Progress {
    let observed = status.observed_generation >= generation;
    let counted = status.replicas == desired && status.ready_replicas == desired;
    // At zero replicas the controller does not update the revisions.
    let of_one_revision = desired == 0 || status.current_revision == status.update_revision;
    if observed && counted && of_one_revision { Progress::Done } else { Progress::Running }
}

fn job_progress(status: &WorkloadStatus) -> Progress {
    if status.has_condition("Complete", "True") {
        Progress::Done
    } else if status.has_condition("Failed", "True") {
        Progress::Failed
    } else {
        Progress::Running
    }
}
