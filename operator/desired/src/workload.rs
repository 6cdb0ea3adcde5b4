//! The Deployment of a component and the ConfigMap that it reads.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ConfigMap, EnvVar, TopologySpreadConstraint};
use storefront_api::component::Component;
use storefront_api::defaults;
use storefront_api::names::{self, Part};
use storefront_api::spec::Profile;
use storefront_api::workload;

use crate::context::BuildContext;
use crate::manifest::hash8;
use crate::program::Program;
use crate::settings::Settings;
use crate::{Kind, Object, certificates, file_settings, pod};

/// The annotation by which other settings are another pod template.
const SETTINGS_ANNOTATION: &str = "storefront.dev/settings";
/// The annotation by which a Secret that was made anew is another pod template.
const SECRETS_ANNOTATION: &str = "storefront.dev/secrets";

/// The settings of a component that are not secret.
pub(crate) fn config(
    context: &BuildContext<'_>,
    component: Component,
    settings: &Settings,
) -> Object {
    let name = names::component(&context.name, component);
    let data = settings.plain.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let config = ConfigMap {
        data: Some(data.collect()),
        metadata: context.metadata(name.clone(), Part::Component(component)),
        ..ConfigMap::default()
    };
    Object::apply(Kind::ConfigMap, name, &config)
}

/// The Deployment of a component; `None` while a Secret that it depends on has not been seen.
pub(crate) fn deployment(
    context: &BuildContext<'_>,
    component: Component,
    settings: &Settings,
) -> Option<Object> {
    let row = component.info();
    let name = names::component(&context.name, component);
    let program = Program {
        part: Part::Component(component),
        name: name.clone(),
        args: &[row.name, "serve"],
        image: defaults::image(context.spec, component, &context.image),
        ports: &[(row.listen.protocol.port_name(), row.listen.port)],
        replicas: defaults::replicas(context.spec, component),
        resources: defaults::resources(context.spec, component),
        env: env(context, component, settings),
        config: Some(name),
        annotations: template_annotations(settings, &settings.generated_secrets(context)?),
    };
    let mut pod = program.pod(context);
    pod.topology_spread_constraints = spread(context, component);
    if row.database.is_some() {
        certificates::add(context, &mut pod);
    }
    file_settings::add(settings, &mut pod);
    Some(program.deployment(context, pod))
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

/// The secret settings, then what the Storefront adds. A name that is ours stays ours, also when it
/// is in the ConfigMap, over which this list would win.
fn env(
    context: &BuildContext<'_>,
    component: Component,
    settings: &Settings,
) -> Option<Vec<EnvVar>> {
    let ours = settings.names();
    let said = context.spec.components.get(component).map_or(&[][..], |said| &said.env);
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
fn spread(
    context: &BuildContext<'_>,
    component: Component,
) -> Option<Vec<TopologySpreadConstraint>> {
    let keys: &[&str] = match context.spec.profile {
        Profile::Dev => return None,
        Profile::Standard => &["kubernetes.io/hostname"],
        Profile::Production => &["topology.kubernetes.io/zone", "kubernetes.io/hostname"],
    };
    let apart = |key: &&str| TopologySpreadConstraint {
        label_selector: Some(context.selector(Part::Component(component))),
        match_label_keys: Some(vec!["pod-template-hash".to_owned()]),
        max_skew: 1,
        topology_key: (*key).to_owned(),
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        ..TopologySpreadConstraint::default()
    };
    Some(keys.iter().map(apart).collect())
}
