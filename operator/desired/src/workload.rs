//! The Deployment and the ConfigMap of a component.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ConfigMap, EnvVar, TopologySpreadConstraint};
use storefront_api::component::Component;
use storefront_api::names::{self, Part};
use storefront_api::spec::Profile;
use storefront_api::{defaults, workload};

use crate::context::BuildContext;
use crate::manifest::hash8;
use crate::program::Program;
use crate::settings::Settings;
use crate::{Kind, Object, certificates, file_settings, pod, ports};

/// The annotation with the hash of the settings, so that changed settings roll the pods.
const SETTINGS_ANNOTATION: &str = "storefront.dev/settings";
/// The annotation with the uids of generated Secrets, so that a recreated Secret rolls the pods.
const SECRETS_ANNOTATION: &str = "storefront.dev/secrets";
/// The setting of `cart` that the web shop follows.
const GUEST_CART_TTL: &str = "GUEST_CART_TTL";

/// Builds the ConfigMap with the settings of a component that are not secret.
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

/// Builds the Deployment of a component. Returns `None` until the Secrets that it depends on have
/// been observed.
pub(crate) fn deployment(
    context: &BuildContext<'_>,
    component: Component,
    settings: &Settings,
) -> Option<Object> {
    let info = component.info();
    let name = names::component(&context.name, component);
    let mut ports = vec![(info.listen.protocol.port_name(), info.listen.port)];
    if component == Component::Gateway && context.spec.gateway.has_internal_routes() {
        ports.push((ports::GATEWAY_INTERNAL_NAME, ports::GATEWAY_INTERNAL));
    }
    let program = Program {
        part: Part::Component(component),
        name: name.clone(),
        args: &[info.name, "serve"],
        image: defaults::image(context.spec, component, &context.image),
        ports: &ports,
        replicas: defaults::replicas(context.spec, component),
        resources: defaults::resources(context.spec, component),
        env: env(context, component, settings),
        config: Some(name),
        annotations: template_annotations(settings, &settings.generated_secrets(context)?),
    };
    let mut pod = program.pod(context);
    pod.topology_spread_constraints = spread(context, component);
    if info.database.is_some() {
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

/// Returns the annotation that rolls a pod when one of these Secrets is recreated. `secrets` maps
/// their names to their uids.
pub(crate) fn secrets_annotation(secrets: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let pairs: Vec<String> = secrets.iter().map(|(name, uid)| format!("{name}={uid}")).collect();
    let annotation = (!pairs.is_empty()).then(|| (SECRETS_ANNOTATION.to_owned(), pairs.join(",")));
    annotation.into_iter().collect()
}

/// Returns the secret settings and the variables that the Storefront adds. Names that the operator
/// sets are excluded from the latter, including those in the ConfigMap, because this list takes
/// precedence over the ConfigMap.
fn env(
    context: &BuildContext<'_>,
    component: Component,
    settings: &Settings,
) -> Option<Vec<EnvVar>> {
    let reserved = settings.names();
    let added = added_vars(context, component);
    let added = added.filter(|var| !reserved.contains(var.name.as_str())).map(added_env);
    let env: Vec<EnvVar> = settings.secret_env().into_iter().chain(added).collect();
    (!env.is_empty()).then_some(env)
}

/// Returns the variables that the Storefront adds. The web shop has the lifetime of a guest's cart
/// from `cart`, and none of its own, so that the cookie lives as long as the cart.
fn added_vars<'a>(
    context: &'a BuildContext<'_>,
    component: Component,
) -> impl Iterator<Item = &'a workload::EnvVar> {
    let vars = |of| context.spec.components.get(of).map_or(&[][..], |spec| &spec.env).iter();
    let is_followed =
        move |var: &workload::EnvVar| component == Component::Web && var.name == GUEST_CART_TTL;
    let own = vars(component).filter(move |var| !is_followed(var));
    own.chain(vars(Component::Cart).filter(move |var| is_followed(var)))
}

fn added_env(var: &workload::EnvVar) -> EnvVar {
    match &var.secret {
        Some(secret) => pod::env_from_secret(&var.name, &secret.name, &secret.key),
        None => pod::env(&var.name, var.value.clone().unwrap_or_default()),
    }
}

/// Returns constraints that spread the pods of a component over nodes and zones. They are
/// preferences: a pod is scheduled even if it violates them.
fn spread(
    context: &BuildContext<'_>,
    component: Component,
) -> Option<Vec<TopologySpreadConstraint>> {
    let keys: &[&str] = match context.spec.profile {
        Profile::Dev => return None,
        Profile::Standard => &["kubernetes.io/hostname"],
        Profile::Production => &["topology.kubernetes.io/zone", "kubernetes.io/hostname"],
    };
    let constraint = |key: &&str| TopologySpreadConstraint {
        label_selector: Some(context.selector(Part::Component(component))),
        match_label_keys: Some(vec!["pod-template-hash".to_owned()]),
        max_skew: 1,
        topology_key: (*key).to_owned(),
        when_unsatisfiable: "ScheduleAnyway".to_owned(),
        ..TopologySpreadConstraint::default()
    };
    Some(keys.iter().map(constraint).collect())
}
