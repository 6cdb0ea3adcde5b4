//! The CA certificates of an external PostgreSQL server, as a file.

use k8s_openapi::api::core::v1::PodSpec;

use crate::context::BuildContext;
use crate::mounts::{CA_FILE_NAME, CA_FOLDER};
use crate::pod;

const VOLUME: &str = "postgres-ca";

/// Mounts the file in every container of the pod, if the Storefront sets `caSecret`.
pub(crate) fn add(context: &BuildContext<'_>, pod: &mut PodSpec) {
    let Some(ca) = context.external_postgres().and_then(|external| external.ca_secret.as_ref())
    else {
        return;
    };
    let volume = pod::secret_file(VOLUME, ca.name.clone(), &ca.key, CA_FILE_NAME);
    pod.volumes.get_or_insert_default().push(volume);
    pod::mount_everywhere(pod, &pod::mount_read_only(VOLUME, CA_FOLDER));
}
