//! The Deployment of anything that runs the shop's image and does not end: the components and the
//! inbox.

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

/// Between "this pod is going" and the signal that it should stop. By then every client has looked
/// its addresses up again, and nobody comes any more.
const PRE_STOP_SECS: i64 = 5;
/// What a program has for answering the requests it has begun.
const DRAIN_SECS: i64 = 25;
/// A new version that is not up after this long is not going to be.
const PROGRESS_DEADLINE_SECS: i32 = 300;
/// Generations of pods that can be gone back to by hand.
const REVISIONS: i32 = 2;
/// How long a program may take to start.
const START_SECS: i32 = 60;

/// What a Deployment is made from.
pub(crate) struct Program<'a> {
    /// The part of the shop that it is.
    pub(crate) part: Part,
    /// The name of the Deployment and of its account.
    pub(crate) name: String,
    /// The arguments of `shop`; the first one names the container.
    pub(crate) args: &'a [&'a str],
    /// The image.
    pub(crate) image: String,
    /// Its ports besides the one for probes and metrics.
    pub(crate) ports: &'a [(&'a str, u16)],
    /// How many pods it runs.
    pub(crate) replicas: i32,
    /// What its container asks for.
    pub(crate) resources: Resources,
    /// Its environment.
    pub(crate) env: Option<Vec<EnvVar>>,
    /// The ConfigMap with the rest of its environment, if it has one.
    pub(crate) config: Option<String>,
    /// Annotations of its pods: another one is another pod.
    pub(crate) annotations: BTreeMap<String, String>,
}

impl Program<'_> {
    /// Its Deployment, with these pods.
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

    /// Its pods.
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
            args: Some(pod::words(self.args)),
            env: self.env.clone(),
            env_from: self.config.clone().map(|config| vec![all_of(config)]),
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

/// A container of the shop's image, that does nothing yet.
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

fn all_of(config_map: String) -> EnvFromSource {
    EnvFromSource {
        config_map_ref: Some(ConfigMapEnvSource {
            name: config_map,
            ..ConfigMapEnvSource::default()
        }),
        ..EnvFromSource::default()
    }
}

fn surge_one_rolling_update() -> DeploymentStrategy {
    DeploymentStrategy {
        rolling_update: Some(RollingUpdateDeployment {
            max_surge: Some(IntOrString::Int(1)),
            max_unavailable: Some(IntOrString::Int(0)),
        }),
        type_: Some("RollingUpdate".to_owned()),
    }
}
