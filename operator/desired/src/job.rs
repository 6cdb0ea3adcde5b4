//! The Jobs of the shop. The pod template of a Job is immutable, so every change creates a new Job,
//! whose name ends in the hash of its content. The previous Job is no longer desired.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{Container, PodSpec, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use storefront_api::component::{Component, Database};
use storefront_api::defaults;
use storefront_api::names::{self, Part};

use crate::context::BuildContext;
use crate::manifest::hash8;
use crate::settings::{self, Settings};
use crate::workload::secrets_annotation;
use crate::{Kind, Object, certificates, mesh, pod, program};

/// The number of retries before the Job has failed. The controller recreates a failed Job later, so
/// this limits the number of leftover pods.
const RETRIES: i32 = 3;

/// Builds the Job that provisions a component's database and role and then migrates it. Only its
/// init container receives the administrator's password. Returns `None` until the Secrets that it
/// needs have been observed, and on an external server without the identity by which databases of
/// others are recognized.
pub(crate) fn migration(
    context: &BuildContext<'_>,
    owner: Component,
    database: Database,
) -> Option<Object> {
    if !context.manages_postgres() && context.database_identity().is_none() {
        return None;
    }
    let provision = settings::provision(context, owner, database);
    let migrate = settings::migrate(context, owner, database);
    let annotations = secrets_annotation(&provision.generated_secrets(context)?);
    let pod = PodSpec {
        containers: vec![container(context, owner, &[owner.name(), "migrate"], &migrate)],
        init_containers: Some(vec![container(
            context,
            owner,
            &[owner.name(), "provision"],
            &provision,
        )]),
        ..job_pod(context, owner)
    };
    let name = |hash: &str| names::migration(&context.name, owner, hash);
    Some(job(context, Part::Migration(owner), name, annotations, pod))
}

/// Builds the Job that inserts the demonstration data. Returns `None` until the Secrets that it
/// needs have been observed.
pub(crate) fn seed(context: &BuildContext<'_>) -> Option<Object> {
    let owner = Component::Catalog;
    let settings = settings::seed(context)?;
    let annotations = secrets_annotation(&settings.generated_secrets(context)?);
    let pod = PodSpec {
        containers: vec![container(context, owner, &["seed"], &settings)],
        ..job_pod(context, owner)
    };
    Some(job(context, Part::Seed, |hash| names::seed(&context.name, hash), annotations, pod))
}

fn job(
    context: &BuildContext<'_>,
    part: Part,
    name: impl Fn(&str) -> String,
    annotations: BTreeMap<String, String>,
    mut pod: PodSpec,
) -> Object {
    let resources = pod::resources(&context.spec.profile.defaults().component.resources());
    for container in pod.init_containers.iter_mut().flatten().chain(&mut pod.containers) {
        container.resources = Some(resources.clone());
    }
    certificates::add(context, &mut pod);
    // No deadline: the migration of a large table can take hours, and an interrupted one restarts
    // from the beginning. The state of the pod shows why it does not start.
    let spec = JobSpec {
        backoff_limit: Some(RETRIES),
        template: PodTemplateSpec {
            metadata: Some(pod_metadata(context, part, annotations, &pod)),
            spec: Some(pod),
        },
        ..JobSpec::default()
    };
    let name = name(&hash8(&spec));
    let metadata = context.versioned_metadata(name.clone(), part);
    Object::apply(Kind::Job, name, &Job { metadata, spec: Some(spec), ..Job::default() })
}

/// Returns the metadata of a Job's pods. An annotation names the container that does the work, so
/// that the operator and kubectl can distinguish it from injected ones.
fn pod_metadata(
    context: &BuildContext<'_>,
    part: Part,
    mut annotations: BTreeMap<String, String>,
    pod: &PodSpec,
) -> ObjectMeta {
    let main = pod.containers.first().map(|container| container.name.clone());
    annotations.extend(main.map(|name| (names::MAIN_CONTAINER_ANNOTATION.to_owned(), name)));
    let mut metadata = context.pod_metadata(part, annotations);
    mesh::opt_out(context.spec.jobs, &mut metadata);
    metadata
}

fn job_pod(context: &BuildContext<'_>, owner: Component) -> PodSpec {
    PodSpec {
        // Failed pods stay until the Job is deleted, so that their logs and states can be read.
        restart_policy: Some("Never".to_owned()),
        ..pod::restricted_pod(context, names::component(&context.name, owner), pod::SHOP_USER)
    }
}

fn container(
    context: &BuildContext<'_>,
    owner: Component,
    args: &[&str],
    settings: &Settings,
) -> Container {
    let name = args.last().copied().unwrap_or_default();
    Container {
        args: Some(pod::owned(args)),
        env: Some(settings.env()),
        ..program::container(context, defaults::image(context.spec, owner, &context.image), name)
    }
}
