//! Killed, deleted and added pods under load.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::cluster::Resource;
use e2e::load::Readers;
use e2e::storefront::{READY_TIMEOUT, RECOVERY_TIMEOUT};
use e2e::wait::until;
use e2e::{Cluster, Shop};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::DeleteParams;
use serde_json::{Value, json};
use storefront_api::Component;
use tokio::process::Command;
use tokio::time::sleep;

/// The node port that the cluster of `make up` forwards besides the example's, and its URL.
pub(crate) const NODE_PORT: u16 = 30_301;
const URL: &str = "http://localhost:3001";
/// Concurrent clients.
pub(crate) const READERS: usize = 8;
/// Consecutive successful requests that show that all gateways serve.
const STEADY_REQUESTS: usize = 20;
/// Pause before and after each fault.
pub(crate) const PAUSE: Duration = Duration::from_secs(3);
/// Reads that the clients complete at least, on a slow machine.
pub(crate) const MIN_READS: u64 = 500;

#[tokio::test]
async fn killed_catalog_pod_fails_no_read() -> Result<()> {
    let mut cluster = Cluster::connect().await?;
    let shop = replicated_shop(&mut cluster, "killed").await?;
    let readers = Readers::start(READERS, &products());
    sleep(PAUSE).await;
    kill_one(&shop, Component::Catalog, 2).await?;
    sleep(PAUSE).await;
    let tally = readers.finish().await?;
    println!("catalog pod killed: {} reads, {} failed", tally.ok, tally.failed.len());
    tally.assert_all_ok(MIN_READS)?;
    cluster.remove_namespace(&shop.namespace).await
}

#[tokio::test]
async fn deleted_gateway_pod_drains_without_failed_read() -> Result<()> {
    let mut cluster = Cluster::connect().await?;
    let shop = replicated_shop(&mut cluster, "deleted").await?;
    let readers = Readers::start(READERS, &products());
    sleep(PAUSE).await;
    let first = shop.ready_pods(Component::Gateway, 2).await?;
    for pod in &first {
        shop.api::<Pod>().delete(&pod.name_any(), &DeleteParams::default()).await?;
        let deleted = pod.name_any();
        let now = shop.ready_pods(Component::Gateway, 2).await?;
        ensure!(now.iter().all(|pod| pod.name_any() != deleted), "{deleted} still exists");
    }
    sleep(PAUSE).await;
    let tally = readers.finish().await?;
    println!("gateway pods deleted: {} reads, {} failed", tally.ok, tally.failed.len());
    tally.assert_all_ok(MIN_READS)?;
    cluster.remove_namespace(&shop.namespace).await
}

#[tokio::test]
async fn three_catalog_pods_share_the_reads() -> Result<()> {
    let mut cluster = Cluster::connect().await?;
    let shop = replicated_shop(&mut cluster, "scaled").await?;
    shop.patch(json!({"components": {"catalog": {"replicas": 3}}})).await?;
    let pods = shop.ready_pods(Component::Catalog, 3).await?;
    shop.ready(RECOVERY_TIMEOUT).await?;
    until("discovered by the gateways", READY_TIMEOUT, async || {
        catalogs_discovered(&shop, 3).await
    })
    .await?;
    let mut before = Vec::new();
    for pod in &pods {
        before.push(reads(&shop.metrics(pod).await?));
    }
    let readers = Readers::start(READERS, &products());
    sleep(PAUSE).await;
    readers.finish().await?.assert_all_ok(MIN_READS)?;
    let mut shares = Vec::new();
    for (pod, before) in pods.iter().zip(before) {
        shares.push(reads(&shop.metrics(pod).await?) - before);
    }
    println!("three catalog pods served {shares:?} reads");
    let all: u64 = shares.iter().sum();
    ensure!(shares.iter().all(|share| share * 10 >= all), "the load is not balanced: {shares:?}");
    cluster.remove_namespace(&shop.namespace).await
}

/// Creates a shop on [`NODE_PORT`] with two pods of every component, demo products, and no
/// effective rate limit.
pub(crate) async fn replicated_shop(cluster: &mut Cluster, name: &str) -> Result<Shop> {
    cluster.reserve(Resource::NodePort)?;
    let shop = cluster.shop(name, spec()).await?;
    shop.ready(RECOVERY_TIMEOUT).await?;
    until("discovered by the gateways", READY_TIMEOUT, async || {
        catalogs_discovered(&shop, 2).await
    })
    .await?;
    until("served by all gateways", READY_TIMEOUT, all_gateways_serve).await?;
    Ok(shop)
}

/// Whether every gateway has discovered `count` catalog pods; it resolves names every few seconds.
async fn catalogs_discovered(shop: &Shop, count: u64) -> Result<std::result::Result<(), String>> {
    let is_catalog_count = |line: &str| {
        line.starts_with("grpc_client_endpoints{") && line.contains("target=\"catalog\"")
    };
    let gateways = shop.pods(Component::Gateway).await?;
    ensure!(!gateways.is_empty(), "no gateway pod");
    for gateway in gateways {
        let name = gateway.name_any();
        match shop.metrics(&gateway).await {
            Ok(metrics) if sum(&metrics, is_catalog_count) == count => {}
            Ok(metrics) => {
                let discovered = sum(&metrics, is_catalog_count);
                return Ok(Err(format!("{name} discovered {discovered}, not {count}")));
            }
            // The pod was replaced in the meantime.
            Err(error) => return Ok(Err(format!("{name}: {error:#}"))),
        }
    }
    Ok(Ok(()))
}

/// Whether every gateway serves. Each request uses a new connection, so consecutive requests reach
/// all gateways.
pub(crate) async fn all_gateways_serve() -> Result<std::result::Result<(), String>> {
    for _ in 0..STEADY_REQUESTS {
        match reqwest::Client::new().get(products()).send().await {
            Ok(answer) if answer.status() == 200 => {}
            other => return Ok(Err(format!("{other:?}"))),
        }
    }
    Ok(Ok(()))
}

fn spec() -> Value {
    json!({
        "replicas": 2,
        "demoData": true,
        // Without the cache, which would hide an unavailable catalog.
        "components": {"gateway": {"env": [{"name": "CATALOG_CACHE_BYTES", "value": "0"}]}},
        // Counted in Redis but never reached.
        "gateway": {"rateLimit": {"requestsPerMinute": 1_000_000, "burst": 1_000_000}},
        "expose": {"type": "NodePort", "nodePorts": {"gateway": NODE_PORT}},
    })
}

pub(crate) fn products() -> String {
    format!("{}/api/v1/products?page_size=5", gateway())
}

/// The gateway URL of the shop of [`replicated_shop`].
pub(crate) fn gateway() -> String {
    std::env::var("E2E_URL").unwrap_or_else(|_| URL.to_owned())
}

/// Kills one of `count` pods of a component like a crash, and waits until it is ready again.
/// Selects the pod with the fewest restarts, because the kubelet delays restarts of a container
/// that crashed often.
pub(crate) async fn kill_one(shop: &Shop, component: Component, count: usize) -> Result<()> {
    let pods = shop.ready_pods(component, count).await?;
    let pod = pods.iter().min_by_key(|pod| restarts(pod)).context("no pod")?;
    kill(pod).await?;
    until("restarted", RECOVERY_TIMEOUT, async || {
        let now = shop.api::<Pod>().get(&pod.name_any()).await?;
        let times = restarts(&now);
        Ok(if times > restarts(pod) { Ok(()) } else { Err(format!("{times} restarts")) })
    })
    .await?;
    shop.ready_pods(component, count).await?;
    Ok(())
}

/// Sends SIGKILL to the pod's process. A kind node is a Docker container.
async fn kill(pod: &Pod) -> Result<()> {
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone()).context("no node")?;
    let container = container(pod).and_then(|status| status.container_id.clone());
    let container = container.context("no container")?;
    let id = container.trim_start_matches("containerd://");
    let output = Command::new("docker")
        .args(["exec", &node, "ctr", "--namespace", "k8s.io"])
        .args(["tasks", "kill", "--signal", "SIGKILL", id])
        .output()
        .await?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn container(pod: &Pod) -> Option<&k8s_openapi::api::core::v1::ContainerStatus> {
    pod.status.as_ref()?.container_statuses.as_ref()?.first()
}

/// Restart count of the pod's container.
pub(crate) fn restarts(pod: &Pod) -> i32 {
    container(pod).map_or(0, |status| status.restart_count)
}

/// The number of product lists that a catalog pod has served.
fn reads(metrics: &str) -> u64 {
    sum(metrics, |line| {
        line.starts_with("grpc_server_requests_total") && line.contains("ListProducts")
    })
}

/// The sum of the selected samples.
fn sum(metrics: &str, is_selected: impl Fn(&str) -> bool) -> u64 {
    let values = metrics.lines().filter(|line| is_selected(line)).filter_map(|line| {
        let (_, value) = line.rsplit_once(' ')?;
        value.parse::<u64>().ok()
    });
    values.sum()
}
