//! The certificates that an external PostgreSQL's has to be signed by, as a file.

use k8s_openapi::api::core::v1::{KeyToPath, PodSpec, SecretVolumeSource, Volume};

use crate::pod;
use crate::settings::{CA_FILE_NAME, CA_FOLDER, external_postgres};
use crate::shop::Shop;

const VOLUME: &str = "postgres-ca";

/// Shows the file to every container of the pod, if the Storefront names one.
pub(crate) fn add(shop: &Shop<'_>, pod: &mut PodSpec) {
    let Some(place) = external_postgres(shop).and_then(|external| external.ca_secret.as_ref())
    else {
        return;
    };
    pod.volumes.get_or_insert_default().push(Volume {
        name: VOLUME.to_owned(),
        secret: Some(SecretVolumeSource {
            default_mode: Some(0o440),
            items: Some(vec![KeyToPath {
                key: place.key.clone(),
                path: CA_FILE_NAME.to_owned(),
                ..KeyToPath::default()
            }]),
            secret_name: Some(place.name.clone()),
            ..SecretVolumeSource::default()
        }),
        ..Volume::default()
    });
    for container in pod.init_containers.iter_mut().flatten().chain(&mut pod.containers) {
        let mount = pod::mount_read_only(VOLUME, CA_FOLDER);
        container.volume_mounts.get_or_insert_default().push(mount);
    }
}
