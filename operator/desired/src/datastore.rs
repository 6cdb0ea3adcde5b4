//! The objects of a datastore (PostgreSQL or Redis) that the operator runs: one pod with a
//! persistent volume, a start script in a ConfigMap and a password in a Secret.

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
/// The number of old revisions that are kept for a manual rollback.
const REVISIONS: i32 = 2;

/// The input for the objects of a datastore.
pub(crate) struct Datastore<'a> {
    /// The part of the Storefront.
    pub(crate) part: Part,
    /// The name of all objects except the Secret and the PersistentVolumeClaim.
    pub(crate) name: String,
    /// The name of the PersistentVolumeClaim.
    pub(crate) claim: String,
    /// The desired volume.
    pub(crate) storage: &'a Storage,
    /// The size of the volume.
    pub(crate) size: storefront_api::quantity::Quantity,
    /// The name of the Secret with the password.
    pub(crate) secret: String,
    /// The name of the port.
    pub(crate) port_name: &'static str,
    /// The port.
    pub(crate) port: u16,
    /// The files of the ConfigMap, including the start script.
    pub(crate) files: BTreeMap<String, String>,
    /// The termination grace period in seconds.
    pub(crate) stop_secs: i64,
    /// The parts of the container that differ between the datastores.
    pub(crate) container: Container,
    /// The volumes besides data, configuration and `/tmp`.
    pub(crate) volumes: Vec<Volume>,
}

/// Builds all objects of a datastore except its Secret.
pub(crate) fn objects(context: &BuildContext<'_>, datastore: &Datastore<'_>) -> Vec<Object> {
    vec![
        service::account(context, datastore.name.clone(), datastore.part),
        config(context, datastore),
        claim(context, datastore),
        service::for_datastore(
            context,
            datastore.name.clone(),
            datastore.part,
            datastore.port_name,
            datastore.port,
        ),
        stateful_set(context, datastore)
            .unwrap_or_else(|| Object::keep(Kind::StatefulSet, datastore.name.clone())),
    ]
}

/// Builds the ConfigMap. A change of the script or the configuration does not restart the datastore
/// and takes effect at its next start. Inputs from the Storefront are also in the pod template, so
/// their changes restart it.
fn config(context: &BuildContext<'_>, datastore: &Datastore<'_>) -> Object {
    let config = ConfigMap {
        data: Some(datastore.files.clone()),
        metadata: context.metadata(datastore.name.clone(), datastore.part),
        ..ConfigMap::default()
    };
    Object::apply(Kind::ConfigMap, datastore.name.clone(), &config)
}

/// Builds the PersistentVolumeClaim, without an owner reference, so that the data outlives the
/// Storefront.
fn claim(context: &BuildContext<'_>, datastore: &Datastore<'_>) -> Object {
    let size =
        BTreeMap::from([("storage".to_owned(), Quantity(datastore.size.as_str().to_owned()))]);
    let claim = PersistentVolumeClaim {
        metadata: context.metadata_without_owner(datastore.claim.clone(), datastore.part),
        spec: Some(PersistentVolumeClaimSpec {
            access_modes: Some(vec!["ReadWriteOnce".to_owned()]),
            resources: Some(VolumeResourceRequirements {
                requests: Some(size),
                ..VolumeResourceRequirements::default()
            }),
            storage_class_name: datastore.storage.class_name.clone(),
            ..PersistentVolumeClaimSpec::default()
        }),
        ..PersistentVolumeClaim::default()
    };
    Object::apply(Kind::PersistentVolumeClaim, datastore.claim.clone(), &claim)
}

/// Builds the StatefulSet. Returns `None` until the Secret has been observed.
fn stateful_set(context: &BuildContext<'_>, datastore: &Datastore<'_>) -> Option<Object> {
    let secret = context.observed.get(Kind::Secret, &datastore.secret)?;
    let secrets = BTreeMap::from([(datastore.secret.clone(), secret.uid.clone())]);
    let stateful_set = StatefulSet {
        metadata: context.metadata(datastore.name.clone(), datastore.part),
        spec: Some(StatefulSetSpec {
            // With `OrderedReady`, a pod that cannot start would block its own replacement.
            pod_management_policy: Some("Parallel".to_owned()),
            replicas: Some(if rollout::datastores_may_stop(context) { 0 } else { 1 }),
            revision_history_limit: Some(REVISIONS),
            selector: context.selector(datastore.part),
            service_name: Some(datastore.name.clone()),
            template: PodTemplateSpec {
                metadata: Some(
                    context.pod_metadata(datastore.part, workload::secrets_annotation(&secrets)),
                ),
                spec: Some(pod_spec(context, datastore)),
            },
            ..StatefulSetSpec::default()
        }),
        ..StatefulSet::default()
    };
    Some(Object::apply(Kind::StatefulSet, datastore.name.clone(), &stateful_set))
}

fn pod_spec(context: &BuildContext<'_>, datastore: &Datastore<'_>) -> PodSpec {
    let data = Volume {
        name: DATA_VOLUME.to_owned(),
        persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
            claim_name: datastore.claim.clone(),
            ..PersistentVolumeClaimVolumeSource::default()
        }),
        ..Volume::default()
    };
    let mut volumes = vec![
        data,
        pod::config_volume(CONFIG_VOLUME, datastore.name.clone()),
        pod::empty_dir(TEMPORARY_VOLUME, "64Mi"),
    ];
    volumes.extend(datastore.volumes.clone());
    PodSpec {
        containers: vec![container(datastore)],
        termination_grace_period_seconds: Some(datastore.stop_secs),
        volumes: Some(volumes),
        ..pod::restricted_pod(context, datastore.name.clone(), pod::DATASTORE_USER)
    }
}

fn container(datastore: &Datastore<'_>) -> Container {
    let mut mounts = vec![
        pod::mount(DATA_VOLUME, DATA_FOLDER),
        pod::mount_read_only(CONFIG_VOLUME, CONFIG_FOLDER),
        pod::mount(TEMPORARY_VOLUME, "/tmp"),
    ];
    mounts.extend(datastore.container.volume_mounts.iter().flatten().cloned());
    Container {
        command: Some(vec!["sh".to_owned(), format!("{CONFIG_FOLDER}/{SCRIPT}")]),
        image_pull_policy: Some("IfNotPresent".to_owned()),
        liveness_probe: Some(pod::tcp_probe(datastore.port_name, pod::LIVENESS)),
        ports: Some(vec![pod::port(datastore.port_name, datastore.port)]),
        readiness_probe: Some(pod::tcp_probe(datastore.port_name, pod::READINESS)),
        security_context: Some(pod::restricted_container()),
        termination_message_policy: Some("FallbackToLogsOnError".to_owned()),
        volume_mounts: Some(mounts),
        ..datastore.container.clone()
    }
}

/// Converts a quantity to whole mebibytes, the unit of the servers' configuration.
pub(crate) fn mebibytes(quantity: &str) -> i128 {
    const MEBIBYTE_MILLIS: i128 = 1_000 << 20;
    storefront_api::quantity::Quantity::from(quantity).millis().unwrap_or(0) / MEBIBYTE_MILLIS
}
