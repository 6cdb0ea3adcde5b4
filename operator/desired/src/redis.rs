//! Redis, where the operator runs it.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, EnvVar};
use storefront_api::names::{self, Part};
use storefront_api::profile::Requests;

use crate::shop::Shop;
use crate::store::{self, CONFIG_FOLDER, Store};
use crate::{Object, pod};

/// Redis's port.
pub(crate) const PORT: u16 = 6379;

/// What it has for writing the last second out.
const STOP_SECS: i64 = 30;
/// How long it may read its file before it is taken for stuck.
const START_SECS: i32 = 600;
/// It answers PING only to who knows the password, and only when it has read its file.
const STARTED: &str = r#"[ "$(redis-cli ping)" = PONG ]"#;

/// Every object of Redis but its Secret.
pub(crate) fn objects(shop: &Shop<'_>) -> Vec<Object> {
    if !shop.manages_redis() {
        return Vec::new();
    }
    let requests = shop.spec.profile.defaults().redis;
    let redis = &shop.spec.redis;
    let store = Store {
        part: Part::Redis,
        name: names::redis(&shop.name),
        claim: names::redis_data(&shop.name),
        storage: &redis.storage,
        size: redis.storage_size(),
        secret: names::redis_auth(&shop.name),
        files: files(requests),
        port_name: "redis",
        port: PORT,
        stop_secs: STOP_SECS,
        container: container(shop, requests),
        volumes: Vec::new(),
    };
    store::objects(shop, &store)
}

/// Half of the limit for data: while the file is rewritten, what changes is in memory twice.
fn files(requests: Requests) -> BTreeMap<String, String> {
    let configuration = include_str!("../files/redis.conf");
    let maxmemory_mib = store::mebibytes(requests.memory) * 2;
    BTreeMap::from([
        (store::SCRIPT.to_owned(), include_str!("../files/redis.sh").to_owned()),
        ("redis.conf".to_owned(), format!("{configuration}\nmaxmemory {maxmemory_mib}mb\n")),
    ])
}

fn container(shop: &Shop<'_>, requests: Requests) -> Container {
    let image = shop.spec.redis.image.as_ref().unwrap_or(&shop.defaults.redis_image);
    Container {
        env: Some(vec![
            pod::env("CONFIG_DIR", CONFIG_FOLDER),
            // By this name redis-cli takes it.
            password(shop, "REDISCLI_AUTH"),
            password(shop, "REDIS_PASSWORD"),
        ]),
        image: Some(image.clone()),
        name: "redis".to_owned(),
        resources: Some(pod::resources(&requests.resources())),
        startup_probe: Some(pod::exec_probe(
            &["sh", "-c", STARTED],
            pod::while_starting(START_SECS),
        )),
        ..Container::default()
    }
}

fn password(shop: &Shop<'_>, name: &str) -> EnvVar {
    pod::env_from_secret(name, &names::redis_auth(&shop.name), "password")
}
