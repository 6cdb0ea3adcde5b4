//! PostgreSQL, where the operator runs it.
//!
//! Its start script (`files/postgres.sh`) fits a kept volume and a new Secret together, refuses
//! the data of another major version, and asks of its image only what the reference of
//! `spec.postgres.image` says.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    Container, EmptyDirVolumeSource, Lifecycle, LifecycleHandler, Volume,
};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use storefront_api::defaults::Requests;
use storefront_api::names::{self, Part};

use crate::context::BuildContext;
use crate::datastore::{self, CONFIG_FOLDER, DATA_FOLDER, Datastore};
use crate::{Object, pod, ports};

const CONTAINER: &str = "postgres";
const PASSWORD_VOLUME: &str = "password";
const PASSWORD_FOLDER: &str = "/etc/storefront/password";
const SHARED_MEMORY_VOLUME: &str = "shared-memory";
/// Sorts and joins of parallel workers meet here; 64 MiB, a runtime's usual size, can be too small.
const SHARED_MEMORY: &str = "128Mi";
/// What it has for writing everything out before it is killed; else it recovers at the next start.
const STOP_SECS: i64 = 120;
/// How long it may recover from a crash before it is taken for stuck.
const START_SECS: i32 = 1_800;

/// Every object of PostgreSQL but its Secret.
pub(crate) fn objects(context: &BuildContext<'_>) -> Vec<Object> {
    if !context.manages_postgres() {
        return Vec::new();
    }
    let requests = context.spec.profile.defaults().postgres;
    let postgres = &context.spec.postgres;
    let secret = names::postgres_admin(&context.name);
    let store = Datastore {
        part: Part::Postgres,
        name: names::postgres(&context.name),
        claim: names::postgres_data(&context.name),
        storage: &postgres.storage,
        size: postgres.storage_size(),
        files: files(requests),
        port_name: "postgres",
        port: ports::POSTGRES,
        stop_secs: STOP_SECS,
        container: container(context, requests),
        volumes: vec![pod::secret_volume(PASSWORD_VOLUME, secret.clone()), shared_memory()],
        secret,
    };
    datastore::objects(context, &store)
}

fn files(requests: Requests) -> BTreeMap<String, String> {
    let configuration = include_str!("../files/postgresql.conf");
    BTreeMap::from([
        (datastore::SCRIPT.to_owned(), include_str!("../files/postgres.sh").to_owned()),
        ("pg_hba.conf".to_owned(), include_str!("../files/pg_hba.conf").to_owned()),
        ("postgresql.conf".to_owned(), format!("{configuration}{}", memory(requests))),
    ])
}

/// Half of what is set aside for it as its own cache; and it may count on the node's cache for as
/// much as half of its limit, which is four times the request.
fn memory(requests: Requests) -> String {
    let requested_mib = datastore::mebibytes(requests.memory);
    format!(
        "\nshared_buffers = '{}MB'\neffective_cache_size = '{}MB'\n",
        requested_mib / 2,
        requested_mib * 2
    )
}

fn container(context: &BuildContext<'_>, requests: Requests) -> Container {
    let image = context.spec.postgres.image.as_ref().unwrap_or(&context.defaults.postgres_image);
    Container {
        env: Some(vec![
            pod::env("CONFIG_DIR", CONFIG_FOLDER),
            pod::env("PASSWORD_FILE", format!("{PASSWORD_FOLDER}/password")),
            pod::env("PGDATA", format!("{DATA_FOLDER}/postgres")),
            pod::env("PGHOST", "/tmp"),
        ]),
        image: Some(image.clone()),
        // SIGTERM alone would wait until the last client has gone by itself.
        lifecycle: Some(Lifecycle {
            pre_stop: Some(LifecycleHandler {
                exec: Some(pod::exec(&["sh", "-c", "kill -INT 1"])),
                ..LifecycleHandler::default()
            }),
            ..Lifecycle::default()
        }),
        name: CONTAINER.to_owned(),
        resources: Some(pod::resources(&requests.resources())),
        // While it recovers its port is open already, and only pg_isready tells.
        startup_probe: Some(pod::exec_probe(
            &["pg_isready", "--quiet"],
            pod::startup_probe(START_SECS),
        )),
        volume_mounts: Some(vec![
            pod::mount_read_only(PASSWORD_VOLUME, PASSWORD_FOLDER),
            pod::mount(SHARED_MEMORY_VOLUME, "/dev/shm"),
        ]),
        ..Container::default()
    }
}

fn shared_memory() -> Volume {
    Volume {
        name: SHARED_MEMORY_VOLUME.to_owned(),
        empty_dir: Some(EmptyDirVolumeSource {
            medium: Some("Memory".to_owned()),
            size_limit: Some(Quantity(SHARED_MEMORY.to_owned())),
        }),
        ..Volume::default()
    }
}
