//! The opt-out of service meshes, for pods of Jobs.
//!
//! A sidecar of a mesh usually does not end together with the containers of its pod, and a Job
//! whose pod does not end is never complete.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use storefront_api::jobs::{Jobs, SidecarInjection};

/// The label by which a pod opts out of the injection of Istio.
const ISTIO_LABEL: (&str, &str) = ("sidecar.istio.io/inject", "false");
/// The annotation by which a pod opts out of the injection of Linkerd.
const LINKERD_ANNOTATION: (&str, &str) = ("linkerd.io/inject", "disabled");

/// Adds the opt-outs to the metadata of a Job's pods, unless the Storefront leaves the decision to
/// the mesh.
pub(crate) fn opt_out(jobs: Jobs, pod: &mut ObjectMeta) {
    match jobs.sidecar_injection {
        SidecarInjection::Inherited => {}
        SidecarInjection::Disabled => {
            let (label, value) = ISTIO_LABEL;
            pod.labels.get_or_insert_default().insert(label.to_owned(), value.to_owned());
            let (annotation, value) = LINKERD_ANNOTATION;
            pod.annotations.get_or_insert_default().insert(annotation.to_owned(), value.to_owned());
        }
    }
}
