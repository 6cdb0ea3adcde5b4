//! The Deployment of a long-running process of the shop's image: a component or the inbox.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{
    Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment,
};
use k8s_openapi::api::core::v1::{
    ConfigMapEnvSource, Container, EnvFromSource, EnvVar, Lifecycle, LifecycleHandler, PodSpec,
    PodTemplateSpec, SleepAction,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use storefront_api::component::ADMIN_PORT;
use storefront_api::names::Part;
use storefront_api::workload::Resources;

use crate::context::BuildContext;
use crate::{Kind, Object, pod};

/// The time between the removal of a pod from its Services and its SIGTERM. By then all clients
/// have resolved the addresses again and send no new requests.
const PRE_STOP_SECS: i64 = 5;
/// The time for draining requests in progress after SIGTERM.
const DRAIN_SECS: i64 = 25;
/// The time after which a rollout without progress has failed.
const PROGRESS_DEADLINE_SECS: i32 = 300;
/// The number of old revisions that are kept for a manual rollback.
const REVISIONS: i32 = 2;
/// The time for the process to start before the container restarts.
const START_SECS: i32 = 60;

/// The input for a Deployment of the shop's image.
pub(crate) struct Program<'a> {
    /// The part of the Storefront.
    pub(crate) part: Part,
    /// The name of the Deployment and of its ServiceAccount.
    pub(crate) name: String,
    /// The arguments of the `shop` binary; the first one is the name of the container.
    pub(crate) args: &'a [&'a str],
    /// The image.
    pub(crate) image: String,
    /// The ports besides the admin port.
    pub(crate) ports: &'a [(&'a str, u16)],
    /// The number of pods.
    pub(crate) replicas: i32,
    /// The resource requests and limits of the container.
    pub(crate) resources: Resources,
    /// The environment variables of the container.
    pub(crate) env: Option<Vec<EnvVar>>,
    /// The name of the ConfigMap with further environment variables, if any.
    pub(crate) config: Option<String>,
    /// The annotations of the pods; a change rolls them.
    pub(crate) annotations: BTreeMap<String, String>,
}

impl Program<'_> {
    /// Builds the Deployment with this pod template.
    pub(crate) fn deployment(self, context: &BuildContext<'_>, pod: PodSpec) -> Object {
        let deployment = Deployment {
            metadata: context.versioned_metadata(self.name.clone(), self.part),
            spec: Some(DeploymentSpec {
                progress_deadline_seconds: Some(PROGRESS_DEADLINE_SECS),
                replicas: Some(self.replicas),
                revision_history_limit: Some(REVISIONS),
                selector: context.selector(self.part),
                strategy: Some(surge_one_rolling_update()),
                template: PodTemplateSpec {
                    metadata: Some(context.pod_metadata(self.part, self.annotations)),
                    spec: Some(pod),
                },
                ..DeploymentSpec::default()
            }),
            ..Deployment::default()
        };
        Object::apply(Kind::Deployment, self.name, &deployment)
    }

    /// Builds the spec of the pods.
    pub(crate) fn pod(&self, context: &BuildContext<'_>) -> PodSpec {
        PodSpec {
            containers: vec![self.container(context)],
            termination_grace_period_seconds: Some(PRE_STOP_SECS + DRAIN_SECS),
            ..pod::restricted_pod(context, self.name.clone(), pod::SHOP_USER)
        }
    }

    fn container(&self, context: &BuildContext<'_>) -> Container {
        let admin = (pod::ADMIN_PORT_NAME, ADMIN_PORT);
        let ports = self.ports.iter().chain([&admin]);
        Container {
            args: Some(pod::owned(self.args)),
            env: self.env.clone(),
            env_from: self.config.clone().map(|config| vec![env_from(config)]),
            lifecycle: Some(Lifecycle {
                pre_stop: Some(LifecycleHandler {
                    sleep: Some(SleepAction { seconds: PRE_STOP_SECS }),
                    ..LifecycleHandler::default()
                }),
                ..Lifecycle::default()
            }),
            liveness_probe: Some(pod::http_probe("/livez", pod::LIVENESS)),
            ports: Some(ports.map(|(name, port)| pod::port(name, *port)).collect()),
            readiness_probe: Some(pod::http_probe("/readyz", pod::READINESS)),
            resources: Some(pod::resources(&self.resources)),
            startup_probe: Some(pod::http_probe("/livez", pod::startup_probe(START_SECS))),
            ..container(context, self.image.clone(), self.args.first().copied().unwrap_or_default())
        }
    }
}

/// Returns a container of the shop's image without arguments, ports and probes.
pub(crate) fn container(context: &BuildContext<'_>, image: String, name: &str) -> Container {
    Container {
        image: Some(image),
        image_pull_policy: Some(context.spec.image.pull_policy.as_str().to_owned()),
        name: name.to_owned(),
        security_context: Some(pod::restricted_container()),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        ..Container::default()
    }
}

fn env_from(config_map: String) -> EnvFromSource {
    EnvFromSource {
        config_map_ref: Some(ConfigMapEnvSource {
            name: config_map,
            ..ConfigMapEnvSource::default()
        }),
        ..EnvFromSource::default()
    }
}

/// Returns the strategy that starts one additional pod and never has fewer pods than desired.
fn surge_one_rolling_update() -> DeploymentStrategy {
    DeploymentStrategy {
        rolling_update: Some(RollingUpdateDeployment {
            max_surge: Some(IntOrString::Int(1)),
            max_unavailable: Some(IntOrString::Int(0)),
        }),
        type_: Some("RollingUpdate".to_owned()),
    }
}
