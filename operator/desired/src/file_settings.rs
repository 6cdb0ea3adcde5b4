//! Settings that are files: each is one key of one Secret, in a folder of its own.

use k8s_openapi::api::core::v1::PodSpec;

use crate::settings::Settings;
use crate::{mounts, pod};

/// Shows the files to every container of the pod. Of each Secret only the key that is asked for is
/// there to read.
pub(crate) fn add(settings: &Settings, pod: &mut PodSpec) {
    for (env, place) in &settings.files {
        let volume = mounts::setting_volume(env);
        pod.volumes.get_or_insert_default().push(pod::secret_file(
            &volume,
            place.secret.clone(),
            &place.key,
            &place.key,
        ));
        pod::mount_everywhere(pod, &pod::mount_read_only(&volume, &mounts::setting_folder(env)));
    }
}
