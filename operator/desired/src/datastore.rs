//! What PostgreSQL and Redis have in common where the operator runs them: one pod on a volume that
//! outlives it, with a start script in a ConfigMap and a password in a Secret.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetSpec};
use k8s_openapi::api::core::v1::{
    ConfigMap, Container, PersistentVolumeClaim, PersistentVolumeClaimSpec,
    PersistentVolumeClaimVolumeSource, PodSpec, PodTemplateSpec, Volume,
    VolumeResourceRequirements,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use storefront_api::datastores::Storage;
use storefront_api::names::Part;

use crate::context::BuildContext;
use crate::{Kind, Object, pod, rollout, service, workload};

/// The folder of the start script and the configuration.
pub(crate) const CONFIG_FOLDER: &str = "/etc/storefront/config";
/// The folder of the volume.
pub(crate) const DATA_FOLDER: &str = "/data";
/// The name of the start script.
pub(crate) const SCRIPT: &str = "start.sh";

const CONFIG_VOLUME: &str = "config";
const DATA_VOLUME: &str = "data";
const TEMPORARY_VOLUME: &str = "tmp";
/// Generations of pods that can be gone back to by hand.
const REVISIONS: i32 = 2;

/// A store that the operator runs.
pub(crate) struct Datastore<'a> {
    /// The part of the shop that it is.
    pub(crate) part: Part,
    /// The name of all its objects but the Secret and the claim.
    pub(crate) name: String,
    /// The name of its volume's claim.
    pub(crate) claim: String,
    /// The volume as the Storefront wants it.
    pub(crate) storage: &'a Storage,
    /// How large the volume is.
    pub(crate) size: storefront_api::quantity::Quantity,
    /// The Secret with its password.
    pub(crate) secret: String,
    /// The name of its port.
    pub(crate) port_name: &'static str,
    /// Its port.
    pub(crate) port: u16,
    /// The files of its ConfigMap, the start script among them.
    pub(crate) files: BTreeMap<String, String>,
    /// What it has for stopping.
    pub(crate) stop_secs: i64,
    /// Its container, as far as it is not like the other's.
    pub(crate) container: Container,
    /// Volumes besides data, configuration and `/tmp`.
    pub(crate) volumes: Vec<Volume>,
}

/// Every object of a store but its Secret.
pub(crate) fn objects(context: &BuildContext<'_>, store: &Datastore<'_>) -> Vec<Object> {
    vec![
        service::account(context, store.name.clone(), store.part),
        config(context, store),
        claim(context, store),
        service::of_store(context, store.name.clone(), store.part, store.port_name, store.port),
        stateful_set(context, store)
            .unwrap_or_else(|| Object::keep(Kind::StatefulSet, store.name.clone())),
    ]
}

/// Another script or configuration does not restart the store: it holds from the next start on.
/// What a Storefront can say of it also stands in the pod template, and restarts it from there.
fn config(context: &BuildContext<'_>, store: &Datastore<'_>) -> Object {
    let config = ConfigMap {
        data: Some(store.files.clone()),
        metadata: context.metadata(store.name.clone(), store.part),
        ..ConfigMap::default()
    };
    Object::apply(Kind::ConfigMap, store.name.clone(), &config)
}

/// Without an owner, so that the data stays when the Storefront goes.
fn claim(context: &BuildContext<'_>, store: &Datastore<'_>) -> Object {
    let size = BTreeMap::from([("storage".to_owned(), Quantity(store.size.as_str().to_owned()))]);
    let claim = PersistentVolumeClaim {
        metadata: context.metadata_without_owner(store.claim.clone(), store.part),
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            resources: Some(VolumeResourceRequirements {
                requests: Some(size),
                ..VolumeResourceRequirements::default()
            }),
            storage_class_name: store.storage.class_name.clone(),
            ..PersistentVolumeClaimSpec::default()
        }),
        ..PersistentVolumeClaim::default()
    };
    Object::apply(Kind::PersistentVolumeClaim, store.claim.clone(), &claim)
}

/// `None` while the Secret has not been seen.
fn stateful_set(context: &BuildContext<'_>, store: &Datastore<'_>) -> Option<Object> {
    let seen = context.observed.get(Kind::Secret, &store.secret)?;
    let secrets = BTreeMap::from([(store.secret.clone(), seen.uid.clone())]);
    let stateful_set = StatefulSet {
        metadata: context.metadata(store.name.clone(), store.part),
        spec: Some(StatefulSetSpec {
            // Else a pod that cannot start would be waited for before it is replaced by one that
            // can.
            pod_management_policy: Some("Parallel".to_owned()),
            replicas: Some(if rollout::stores_may_stop(context) { 0 } else { 1 }),
            revision_history_limit: Some(REVISIONS),
            selector: context.selector(store.part),
            service_name: Some(store.name.clone()),
            template: PodTemplateSpec {
                metadata: Some(
                    context.pod_metadata(store.part, workload::secrets_annotation(&secrets)),
                ),
                spec: Some(pod_spec(context, store)),
            },
            ..StatefulSetSpec::default()
        }),
        ..StatefulSet::default()
    };
    Some(Object::apply(Kind::StatefulSet, store.name.clone(), &stateful_set))
}

fn pod_spec(context: &BuildContext<'_>, store: &Datastore<'_>) -> PodSpec {
    let data = Volume {
        name: DATA_VOLUME.to_owned(),
        persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
            claim_name: store.claim.clone(),
            ..PersistentVolumeClaimVolumeSource::default()
        }),
        ..Volume::default()
    };
    let mut volumes = vec![
        data,
        pod::config_volume(CONFIG_VOLUME, store.name.clone()),
        pod::scratch(TEMPORARY_VOLUME, "64Mi"),
    ];
    volumes.extend(store.volumes.clone());
    PodSpec {
        containers: vec![container(store)],
        termination_grace_period_seconds: Some(store.stop_secs),
        volumes: Some(volumes),
        ..pod::restricted_pod(context, store.name.clone(), pod::STORE_USER)
    }
}

fn container(store: &Datastore<'_>) -> Container {
    let mut mounts = vec![
        pod::mount(DATA_VOLUME, DATA_FOLDER),
        pod::mount_read_only(CONFIG_VOLUME, CONFIG_FOLDER),
        pod::mount(TEMPORARY_VOLUME, "/tmp"),
    ];
    mounts.extend(store.container.volume_mounts.iter().flatten().cloned());
    Container {
        command: Some(vec!["sh".to_owned(), format!("{CONFIG_FOLDER}/{SCRIPT}")]),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        liveness_probe: Some(pod::tcp_probe(store.port_name, pod::LIVENESS)),
        ports: Some(vec![pod::port(store.port_name, store.port)]),
        readiness_probe: Some(pod::tcp_probe(store.port_name, pod::READINESS)),
        security_context: Some(pod::restricted_container()),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        volume_mounts: Some(mounts),
        ..store.container.clone()
    }
}

/// A whole number of mebibytes, as the servers' configuration has it.
pub(crate) fn mebibytes(amount: &str) -> i128 {
    const MEBIBYTE_MILLIS: i128 = 1_000 << 20;
    storefront_api::quantity::Quantity::from(amount).millis().unwrap_or(0) / MEBIBYTE_MILLIS
}
