//! The opt-out of service meshes, for pods of Jobs.
//!
//! A sidecar of a mesh usually does not end together with the containers of its pod, and a Job
//! whose pod does not end is never complete.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use storefront_api::jobs::{Jobs, SidecarInjection};

/// The labels by which a pod opts out of the injection of Istio and of Kuma.
const LABELS: [(&str, &str); 2] =
    [("sidecar.istio.io/inject", "false"), ("kuma.io/sidecar-injection", "disabled")];
/// The annotations by which a pod opts out of the injection of Linkerd and of Consul.
const ANNOTATIONS: [(&str, &str); 2] =
    [("linkerd.io/inject", "disabled"), ("consul.hashicorp.com/connect-inject", "false")];

/// Adds the opt-outs to the metadata of a Job's pods, unless the Storefront leaves the decision to
/// the mesh.
pub(crate) fn opt_out(jobs: Jobs, pod: &mut ObjectMeta) {
    match jobs.sidecar_injection {
        SidecarInjection::Inherited => {}
        SidecarInjection::Disabled => {
            pod.labels.get_or_insert_default().extend(owned(LABELS));
            pod.annotations.get_or_insert_default().extend(owned(ANNOTATIONS));
        }
    }
}

fn owned(pairs: [(&str, &str); 2]) -> [(String, String); 2] {
    pairs.map(|(key, value)| (key.to_owned(), value.to_owned()))
}
