//! Settings that are files: each is one key of one Secret, in a folder of its own.

use k8s_openapi::api::core::v1::PodSpec;

use crate::pod;
use crate::settings::Settings;

/// Where the value of a setting is found in its container.
pub(crate) fn path(env: &str, key: &str) -> String {
    format!("{}/{key}", folder(env))
}

/// Shows the files to every container of the pod. Of each Secret only the key that is asked for is
/// there to read.
pub(crate) fn add(settings: &Settings, pod: &mut PodSpec) {
    for (env, place) in &settings.files {
        let volume = volume(env);
        pod.volumes.get_or_insert_default().push(pod::secret_file(
            &volume,
            place.secret.clone(),
            &place.key,
            &place.key,
        ));
        pod::mount_everywhere(pod, &pod::mount_read_only(&volume, &folder(env)));
    }
}

fn folder(env: &str) -> String {
    format!("/etc/storefront/{}", volume(env))
}

/// A variable's name as names of volumes and folders are written.
fn volume(env: &str) -> String {
    env.to_ascii_lowercase().replace('_', "-")
}
