//! The Deployment of a component and the ConfigMap that it reads.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{
    Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment,
};
use k8s_openapi::api::core::v1::{
    ConfigMap, ConfigMapEnvSource, Container, ContainerPort, EnvFromSource, EnvVar, Lifecycle,
    LifecycleHandler, PodSpec, PodTemplateSpec, SleepAction, TopologySpreadConstraint,
};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use storefront_api::component::{ADMIN_PORT, Component, Listen};
use storefront_api::names::{self, Part};
use storefront_api::profile;
use storefront_api::spec::Profile;
use storefront_api::workload;

use crate::manifest::hash8;
use crate::settings::Settings;
use crate::shop::Shop;
use crate::{Kind, Object, certificates, pod};

/// Between "this pod is going" and the signal that it should stop. By then every client has looked
/// its addresses up again, and nobody comes any more.
const PRE_STOP_SECS: i64 = 5;
/// What a component has for answering the requests it has begun.
const DRAIN_SECS: i64 = 25;
/// A new version that is not up after this long is not going to be.
const PROGRESS_DEADLINE_SECS: i32 = 300;
/// Generations of pods that can be gone back to by hand.
const REVISIONS: i32 = 2;
/// How long a component may take to start.
const START_SECS: i32 = 60;

/// The annotation by which other settings are another pod template.
const SETTINGS_ANNOTATION: &str = "storefront.dev/settings";
/// The annotation by which a Secret that was made anew is another pod template.
const SECRETS_ANNOTATION: &str = "storefront.dev/secrets";

/// The settings of a component that are not secret.
pub(crate) fn config(shop: &Shop<'_>, component: Component, settings: &Settings) -> Object {
    let name = names::component(&shop.name, component);
    let data = settings.plain.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let config = ConfigMap {
        data: Some(data.collect()),
        metadata: shop.metadata(name.clone(), Part::Component(component)),
        ..ConfigMap::default()
    };
    Object::apply(Kind::ConfigMap, name, &config)
}

/// The Deployment of a component; `None` while a Secret that it depends on has not been seen.
pub(crate) fn deployment(
    shop: &Shop<'_>,
    component: Component,
    settings: &Settings,
) -> Option<Object> {
    let part = Part::Component(component);
    let name = names::component(&shop.name, component);
    let annotations = template_annotations(settings, &settings.generated_secrets(shop)?);
    let deployment = Deployment {
        metadata: shop.versioned_metadata(name.clone(), part),
        spec: Some(DeploymentSpec {
            progress_deadline_seconds: Some(PROGRESS_DEADLINE_SECS),
            replicas: Some(profile::replicas(shop.spec, component)),
            revision_history_limit: Some(REVISIONS),
            selector: shop.selector(part),
            strategy: Some(one_more_never_one_less()),
            template: PodTemplateSpec {
                metadata: Some(shop.pod_metadata(part, annotations)),
                spec: Some(pod_spec(shop, component, settings)),
            },
            ..DeploymentSpec::default()
        }),
        ..Deployment::default()
    };
    Some(Object::apply(Kind::Deployment, name, &deployment))
}

fn template_annotations(
    settings: &Settings,
    secrets: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut annotations = secrets_annotation(secrets);
    annotations.insert(SETTINGS_ANNOTATION.to_owned(), hash8(&settings.plain));
    annotations
}

/// The annotations of a pod that is to be made anew when one of these Secrets is: their uids, by
/// their names.
pub(crate) fn secrets_annotation(secrets: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let pairs: Vec<String> = secrets.iter().map(|(name, uid)| format!("{name}={uid}")).collect();
    let annotation = (!pairs.is_empty()).then(|| (SECRETS_ANNOTATION.to_owned(), pairs.join(",")));
    annotation.into_iter().collect()
}

fn one_more_never_one_less() -> DeploymentStrategy {
    DeploymentStrategy {
        rolling_update: Some(RollingUpdateDeployment {
            max_surge: Some(IntOrString::Int(1)),
            max_unavailable: Some(IntOrString::Int(0)),
        }),
        type_: Some("RollingUpdate".to_owned()),
    }
}

fn pod_spec(shop: &Shop<'_>, component: Component, settings: &Settings) -> PodSpec {
    let account = names::component(&shop.name, component);
    let mut pod = PodSpec {
        containers: vec![container(shop, component, settings)],
        termination_grace_period_seconds: Some(PRE_STOP_SECS + DRAIN_SECS),
        topology_spread_constraints: spread(shop, component),
        ..pod::restricted_pod(shop, account, pod::SHOP_USER)
    };
    if component.row().database.is_some() {
        certificates::add(shop, &mut pod);
    }
    pod
}

fn container(shop: &Shop<'_>, component: Component, settings: &Settings) -> Container {
    let row = component.row();
    Container {
        args: Some(pod::words(&[row.name, "serve"])),
        env: env(shop, component, settings),
        env_from: Some(vec![EnvFromSource {
            config_map_ref: Some(ConfigMapEnvSource {
                name: names::component(&shop.name, component),
                ..ConfigMapEnvSource::default()
            }),
            ..EnvFromSource::default()
        }]),
        lifecycle: Some(Lifecycle {
            pre_stop: Some(LifecycleHandler {
                sleep: Some(SleepAction { seconds: PRE_STOP_SECS }),
                ..LifecycleHandler::default()
            }),
            ..Lifecycle::default()
        }),
        liveness_probe: Some(pod::http_probe("/livez", pod::FOR_LIFE)),
        ports: Some(ports(row.listen)),
        readiness_probe: Some(pod::http_probe("/readyz", pod::WHILE_SERVING)),
        resources: Some(pod::resources(&profile::resources(shop.spec, component))),
        startup_probe: Some(pod::http_probe("/livez", pod::while_starting(START_SECS))),
        ..shop_container(shop, component, row.name)
    }
}

/// A container of a component's image, that does nothing yet.
pub(crate) fn shop_container(shop: &Shop<'_>, component: Component, name: &str) -> Container {
    Container {
        image: Some(profile::image(shop.spec, component, &shop.image)),
        image_pull_policy: Some(shop.spec.image.pull_policy.as_str().to_owned()),
        name: name.to_owned(),
        security_context: Some(pod::restricted_container()),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        ..Container::default()
    }
}

fn ports(listen: Listen) -> Vec<ContainerPort> {
    [(listen.protocol.port_name(), listen.port), (pod::ADMIN_PORT_NAME, ADMIN_PORT)]
        .map(|(name, port)| pod::port(name, port))
        .into()
}

/// The secret settings, then what the Storefront adds. A name that is ours stays ours, also when it
/// is in the ConfigMap, over which this list would win.
fn env(shop: &Shop<'_>, component: Component, settings: &Settings) -> Option<Vec<EnvVar>> {
    let ours = settings.names();
    let said = shop.spec.components.get(component).map_or(&[][..], |said| &said.env);
    let theirs = said.iter().filter(|var| !ours.contains(var.name.as_str())).map(added);
    let env: Vec<EnvVar> = settings.secret_env().into_iter().chain(theirs).collect();
    (!env.is_empty()).then_some(env)
}

fn added(said: &workload::EnvVar) -> EnvVar {
    match &said.secret {
        Some(place) => pod::env_from_secret(&said.name, &place.name, &place.key),
        None => pod::env(&said.name, said.value.clone().unwrap_or_default()),
    }
}

/// Pods of a component apart from each other where that can be had; nobody waits for it.
fn spread(shop: &Shop<'_>, component: Component) -> Option<Vec<TopologySpreadConstraint>> {
    let keys: &[&str] = match shop.spec.profile {
        Profile::Dev => return None,
        Profile::Standard => &["kubernetes.io/hostname"],
        Profile::Production => &["topology.kubernetes.io/zone", "kubernetes.io/hostname"],
    };
    let apart = |key: &&str| TopologySpreadConstraint {
        label_selector: Some(shop.selector(Part::Component(component))),
        match_label_keys: Some(vec!["pod-template-hash".to_owned()]),
        max_skew: 1,
        topology_key: (*key).to_owned(),
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        ..TopologySpreadConstraint::default()
    };
    Some(keys.iter().map(apart).collect())
}
