//! The observed state of a pod: its workload, and what keeps it from running.

use super::cause::{self, Cause};
use super::pod_object::{PodObject, PodStatus};
use super::{COMPONENT_LABEL, MAIN_CONTAINER_ANNOTATION, label};

/// The observed state of a pod, as stored in the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// `metadata.uid`.
    pub uid: String,
    /// The part of the shop that the pod runs.
    pub component: Option<String>,
    /// The Job that the pod belongs to, if any.
    pub job: Option<String>,
    /// Whether all containers have ended and will not be restarted.
    pub ended: bool,
    /// What keeps the pod from running, if anything does.
    pub cause: Option<Cause>,
}

impl Pod {
    /// Reads the state of a pod from the object.
    #[must_use]
    pub fn from_object(object: &PodObject) -> Self {
        let metadata = &object.metadata;
        let job = label(metadata, "batch.kubernetes.io/job-name");
        let terminating = metadata.deletion_timestamp.is_some();
        let status = object.status.as_ref().filter(|_| !terminating);
        Self {
            uid: metadata.uid.clone().unwrap_or_default(),
            component: label(metadata, COMPONENT_LABEL),
            ended: object.status.as_ref().is_some_and(PodStatus::has_ended),
            cause: status.and_then(|status| match &job {
                Some(_) => job_cause(object, status),
                None => cause::pod_cause(&object.spec, status, false),
            }),
            job,
        }
    }
}

fn job_cause(object: &PodObject, status: &PodStatus) -> Option<Cause> {
    let annotations = object.metadata.annotations.as_ref();
    let main = annotations.and_then(|annotations| annotations.get(MAIN_CONTAINER_ANNOTATION));
    main.and_then(|main| cause::remaining_sidecar(main, status))
        .or_else(|| cause::pod_cause(&object.spec, status, true))
}
