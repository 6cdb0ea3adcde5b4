//! The managed Redis.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, EnvVar};
use storefront_api::defaults;
use storefront_api::names::{self, Part};
use storefront_api::workload::Resources;

use crate::context::BuildContext;
use crate::datastore::{self, CONFIG_FOLDER, Datastore};
use crate::{Object, pod, ports};

/// The time for writing the last second of the append-only file.
const STOP_SECS: i64 = 30;
/// The time for loading the append-only file before the container restarts.
const START_SECS: i32 = 600;
/// Succeeds when Redis has loaded its file. Redis responds to PING only then, and only to
/// authenticated clients.
const STARTED: &str = r#"[ "$(redis-cli ping)" = PONG ]"#;

/// Builds all objects of the managed Redis except its Secret.
pub(crate) fn objects(context: &BuildContext<'_>) -> Vec<Object> {
    if !context.manages_redis() {
        return Vec::new();
    }
    let resources = defaults::redis_resources(context.spec);
    let redis = &context.spec.redis;
    let datastore = Datastore {
        part: Part::Redis,
        name: names::redis(&context.name),
        claim: names::redis_data(&context.name),
        storage: &redis.storage,
        size: redis.storage_size(),
        secret: names::redis_auth(&context.name),
        files: files(&resources),
        port_name: "redis",
        port: ports::REDIS,
        stop_secs: STOP_SECS,
        container: container(context, &resources),
        volumes: Vec::new(),
    };
    datastore::objects(context, &datastore)
}

/// Returns the files of the ConfigMap. `maxmemory` is half of the memory limit, because changed
/// data is in memory twice while the append-only file is rewritten.
fn files(resources: &Resources) -> BTreeMap<String, String> {
    let configuration = include_str!("../files/redis.conf");
    let limit = resources.limits.as_ref().and_then(|limits| limits.memory.as_ref());
    let limit_mib = limit.map_or(0, |limit| datastore::mebibytes(limit.as_str()));
    // 0 would mean that the memory is not limited.
    let maxmemory_mib = (limit_mib / 2).max(1);
    BTreeMap::from([
        (datastore::SCRIPT.to_owned(), include_str!("../files/redis.sh").to_owned()),
        ("redis.conf".to_owned(), format!("{configuration}\nmaxmemory {maxmemory_mib}mb\n")),
    ])
}

fn container(context: &BuildContext<'_>, resources: &Resources) -> Container {
    let image = context.spec.redis.image.as_ref().unwrap_or(&context.defaults.redis_image);
    Container {
        env: Some(vec![
            pod::env("CONFIG_DIR", CONFIG_FOLDER),
            // redis-cli reads the password from this variable.
            password(context, "REDISCLI_AUTH"),
            password(context, "REDIS_PASSWORD"),
        ]),
        image: Some(image.clone()),
        name: "redis".to_owned(),
        resources: Some(pod::resources(resources)),
        startup_probe: Some(pod::exec_probe(
            &["sh", "-c", STARTED],
            pod::startup_probe(START_SECS),
        )),
        ..Container::default()
    }
}

fn password(context: &BuildContext<'_>, name: &str) -> EnvVar {
    pod::env_from_secret(name, &names::redis_auth(&context.name), "password")
}
