//! The part of the spec about the pods of Jobs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Settings of the Jobs that provision and migrate databases and insert demonstration data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Jobs {
    /// Whether a service mesh may inject its sidecar into the pods of Jobs. Disabled: the pods opt
    /// out of the injection of Istio and Linkerd, because a sidecar that does not end by itself
    /// keeps its Job running forever. Inherited: the configuration of the mesh decides; use it with
    /// native sidecars, which end together with the Job.
    pub sidecar_injection: SidecarInjection,
}

/// Whether a service mesh may inject its sidecar.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum SidecarInjection {
    /// The pods opt out of the injection of Istio and Linkerd.
    #[default]
    Disabled,
    /// The configuration of the mesh and of the namespace decides.
    Inherited,
}
