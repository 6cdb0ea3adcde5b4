//! The Jobs of the context. A Job's pod template cannot change, so each content is a Job of its own:
//! its name ends in the content's hash, and the one before it is no longer wanted.

use std::collections::BTreeMap;

use k8s_openapi::api::batch::v1::{Job, JobSpec};
use k8s_openapi::api::core::v1::{Container, PodSpec, PodTemplateSpec};
use storefront_api::component::{Component, Database};
use storefront_api::defaults;
use storefront_api::names::{self, Part};

use crate::context::BuildContext;
use crate::manifest::hash8;
use crate::settings::{self, Settings};
use crate::workload::secrets_annotation;
use crate::{Kind, Object, certificates, pod, program};

/// Tries before the Job has failed. It is made anew later, so this bounds what is left behind.
const RETRIES: i32 = 3;

/// The Job that makes a component's database and role, then migrates it. Only its first container
/// sees the administrator's password. `None` while a Secret that it needs has not been seen.
pub(crate) fn migration(
    context: &BuildContext<'_>,
    owner: Component,
    database: Database,
) -> Option<Object> {
    let provision = settings::provision(context, owner, database);
    let migrate = settings::migrate(context, owner, database);
    let annotations = secrets_annotation(&provision.generated_secrets(context)?);
    let pod = PodSpec {
        containers: vec![step(context, owner, &[owner.name(), "migrate"], &migrate)],
        init_containers: Some(vec![step(context, owner, &[owner.name(), "provision"], &provision)]),
        ..job_pod(context, owner)
    };
    let name = |hash: &str| names::migration(&context.name, owner, hash);
    Some(job(context, Part::Migration(owner), name, annotations, pod))
}

/// The Job that fills in demonstration data; `None` while a Secret that it needs has not been seen.
pub(crate) fn seed(context: &BuildContext<'_>) -> Option<Object> {
    let owner = Component::Catalog;
    let settings = settings::seed(context)?;
    let annotations = secrets_annotation(&settings.generated_secrets(context)?);
    let pod = PodSpec {
        containers: vec![step(context, owner, &["seed"], &settings)],
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
    // No deadline: to migrate a large table may take hours, and a migration that is stopped begins
    // anew. A pod that does not get as far as that tells why by itself.
    let spec = JobSpec {
        backoff_limit: Some(RETRIES),
        template: PodTemplateSpec {
            metadata: Some(context.pod_metadata(part, annotations)),
            spec: Some(pod),
        },
        ..JobSpec::default()
    };
    let name = name(&hash8(&spec));
    let metadata = context.versioned_metadata(name.clone(), part);
    Object::apply(Kind::Job, name, &Job { metadata, spec: Some(spec), ..Job::default() })
}

fn job_pod(context: &BuildContext<'_>, owner: Component) -> PodSpec {
    PodSpec {
        // Pods that failed stay until the Job goes, and tell why.
        restart_policy: Some("Never".to_owned()),
        ..pod::restricted_pod(context, names::component(&context.name, owner), pod::SHOP_USER)
    }
}

fn step(
    context: &BuildContext<'_>,
    owner: Component,
    args: &[&str],
    settings: &Settings,
) -> Container {
    let name = args.last().copied().unwrap_or_default();
    Container {
        args: Some(pod::words(args)),
        env: Some(settings.env()),
        ..program::container(context, defaults::image(context.spec, owner, &context.image), name)
    }
}
