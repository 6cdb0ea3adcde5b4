//! The managed PostgreSQL.
//!
//! The start script (`files/postgres.sh`) sets the password of the Secret on an existing volume,
//! rejects data of another major version, and requires of the image only what the reference of
//! `spec.postgres.image` states.

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
/// The size of `/dev/shm`, which parallel workers share for sorts and joins. The usual default of
/// container runtimes, 64 MiB, can be too small.
const SHARED_MEMORY: &str = "128Mi";
/// The time for the shutdown checkpoint. If it does not suffice, PostgreSQL recovers at the next
/// start.
const STOP_SECS: i64 = 120;
/// The time for crash recovery before the container restarts.
const START_SECS: i32 = 1_800;

/// Builds all objects of the managed PostgreSQL except its Secret.
pub(crate) fn objects(context: &BuildContext<'_>) -> Vec<Object> {
    if !context.manages_postgres() {
        return Vec::new();
    }
    let requests = context.spec.profile.defaults().postgres;
    let postgres = &context.spec.postgres;
    let secret = names::postgres_admin(&context.name);
    let datastore = Datastore {
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
    datastore::objects(context, &datastore)
}

fn files(requests: Requests) -> BTreeMap<String, String> {
    let configuration = include_str!("../files/postgresql.conf");
    BTreeMap::from([
        (datastore::SCRIPT.to_owned(), include_str!("../files/postgres.sh").to_owned()),
        ("pg_hba.conf".to_owned(), include_str!("../files/pg_hba.conf").to_owned()),
        ("postgresql.conf".to_owned(), format!("{configuration}{}", memory(requests))),
    ])
}

/// Returns the memory settings. `shared_buffers` is half of the memory request.
/// `effective_cache_size` is half of the memory limit, which is four times the request.
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
        // Fast shutdown: SIGTERM, the smart shutdown, waits until all clients have disconnected.
        lifecycle: Some(Lifecycle {
            pre_stop: Some(LifecycleHandler {
                exec: Some(pod::exec(&["sh", "-c", "kill -INT 1"])),
                ..LifecycleHandler::default()
            }),
            ..Lifecycle::default()
        }),
        name: CONTAINER.to_owned(),
        resources: Some(pod::resources(&requests.resources())),
        // The port is already open during recovery; only pg_isready detects readiness.
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
