//! Settings that components read from files: each setting is one key of one Secret, mounted in a
//! separate folder.

use k8s_openapi::api::core::v1::PodSpec;

use crate::settings::Settings;
use crate::{mounts, pod};

/// Mounts the files in every container of the pod. Only the referenced key of each Secret is
/// mounted.
pub(crate) fn add(settings: &Settings, pod: &mut PodSpec) {
    for (env, source) in &settings.files {
        let volume = mounts::setting_volume(env);
        pod.volumes.get_or_insert_default().push(pod::secret_file(
            &volume,
            source.secret.clone(),
            &source.key,
            &source.key,
        ));
        pod::mount_everywhere(pod, &pod::mount_read_only(&volume, &mounts::setting_folder(env)));
    }
}
