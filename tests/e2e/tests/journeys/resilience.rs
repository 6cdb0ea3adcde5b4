//! Pods come and go; shoppers do not notice.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::readers::Readers;
use e2e::shop::{PATIENTLY, READY};
use e2e::wait::until;
use e2e::{Cluster, Shop};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;
use kube::api::DeleteParams;
use serde_json::{Value, json};
use storefront_api::Component;
use tokio::process::Command;
use tokio::time::sleep;

/// The node port that the cluster of `make up` forwards besides the example's, and where to.
const NODE_PORT: u16 = 30_300;
const URL: &str = "http://localhost:3000";
/// Shoppers at a time.
pub(crate) const READERS: usize = 8;
/// Requests without failure that show that all is up.
const STEADY: usize = 20;
/// Before and after each disturbance.
pub(crate) const A_WHILE: Duration = Duration::from_secs(3);
/// What so many shoppers read at the very least, on a slow machine.
pub(crate) const A_LOT: u64 = 500;

#[tokio::test]
async fn a_killed_catalog_pod_costs_no_read() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let shop = doubled(&cluster, "killed").await?;
    let readers = Readers::start(READERS, &products());
    sleep(A_WHILE).await;
    kill_one(&shop, Component::Catalog, 2).await?;
    sleep(A_WHILE).await;
    let tally = readers.finish().await?;
    println!("catalog pod killed: {} reads, {} failed", tally.fine, tally.failed.len());
    tally.without_failure(A_LOT)?;
    cluster.remove_namespace(&shop.namespace).await
}

#[tokio::test]
async fn gateway_pods_that_are_deleted_finish_their_work() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let shop = doubled(&cluster, "deleted").await?;
    let readers = Readers::start(READERS, &products());
    sleep(A_WHILE).await;
    let first = shop.ready_pods(Component::Gateway, 2).await?;
    for pod in &first {
        shop.api::<Pod>().delete(&pod.name_any(), &DeleteParams::default()).await?;
        let gone = pod.name_any();
        let now = shop.ready_pods(Component::Gateway, 2).await?;
        ensure!(now.iter().all(|pod| pod.name_any() != gone), "{gone} is still there");
    }
    sleep(A_WHILE).await;
    let tally = readers.finish().await?;
    println!("gateway pods deleted: {} reads, {} failed", tally.fine, tally.failed.len());
    tally.without_failure(A_LOT)?;
    cluster.remove_namespace(&shop.namespace).await
}

#[tokio::test]
async fn three_catalog_pods_share_the_reads() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let shop = doubled(&cluster, "scaled").await?;
    shop.patch(json!({"components": {"catalog": {"replicas": 3}}})).await?;
    let pods = shop.ready_pods(Component::Catalog, 3).await?;
    shop.ready(PATIENTLY).await?;
    until("known to the gateways", READY, async || catalogs_known(&shop, 3).await).await?;
    let mut before = Vec::new();
    for pod in &pods {
        before.push(reads(&shop.metrics(pod).await?));
    }
    let readers = Readers::start(READERS, &products());
    sleep(A_WHILE).await;
    readers.finish().await?.without_failure(A_LOT)?;
    let mut shares = Vec::new();
    for (pod, before) in pods.iter().zip(before) {
        shares.push(reads(&shop.metrics(pod).await?) - before);
    }
    println!("three catalog pods served {shares:?} reads");
    let all: u64 = shares.iter().sum();
    ensure!(shares.iter().all(|share| share * 10 >= all), "not all take part: {shares:?}");
    cluster.remove_namespace(&shop.namespace).await
}

/// A shop with two pods of everything, products, and rate limits that nobody meets.
pub(crate) async fn doubled(cluster: &Cluster, name: &str) -> Result<Shop> {
    let shop = cluster.shop(name, spec()).await?;
    shop.ready(PATIENTLY).await?;
    until("known to the gateways", READY, async || catalogs_known(&shop, 2).await).await?;
    until("answering steadily", READY, steadily).await?;
    Ok(shop)
}

/// Whether every gateway has found so many catalogs; it looks for new ones every few seconds.
async fn catalogs_known(shop: &Shop, count: u64) -> Result<std::result::Result<(), String>> {
    let is_catalogs = |line: &str| {
        line.starts_with("grpc_client_endpoints{") && line.contains("target=\"catalog\"")
    };
    let gateways = shop.pods(Component::Gateway).await?;
    ensure!(!gateways.is_empty(), "there is no gateway");
    for gateway in gateways {
        let name = gateway.name_any();
        match shop.metrics(&gateway).await {
            Ok(metrics) if sum(&metrics, is_catalogs) == count => {}
            Ok(metrics) => {
                let known = sum(&metrics, is_catalogs);
                return Ok(Err(format!("{name} knows {known}, not {count}")));
            }
            // A pod that was replaced meanwhile.
            Err(error) => return Ok(Err(format!("{name}: {error:#}"))),
        }
    }
    Ok(Ok(()))
}

/// Whether every gateway answers: each request is made over a connection of its own, and so comes to
/// any of them. A gateway finds catalogs that have come since it looked within a second.
pub(crate) async fn steadily() -> Result<std::result::Result<(), String>> {
    for _ in 0..STEADY {
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
        // Every read goes on to a catalog: what the gateway keeps would stand in for one that is away.
        "components": {"gateway": {"env": [{"name": "CATALOG_CACHE_BYTES", "value": "0"}]}},
        // Counted in Redis, and never reached.
        "gateway": {"rateLimit": {"requestsPerMinute": 1_000_000, "burst": 1_000_000}},
        "expose": {"type": "NodePort", "nodePorts": {"gateway": NODE_PORT}},
    })
}

pub(crate) fn products() -> String {
    format!("{}/api/v1/products?page_size=5", gateway())
}

/// Where the shop of [`doubled`] is from here.
pub(crate) fn gateway() -> String {
    std::env::var("E2E_URL").unwrap_or_else(|_| URL.to_owned())
}

/// Kills one of `count` pods of a component as a crash would, and waits for it to be back. It is the
/// one that was spared before: a container that dies often is started late.
pub(crate) async fn kill_one(shop: &Shop, component: Component, count: usize) -> Result<()> {
    let pods = shop.ready_pods(component, count).await?;
    let pod = pods.iter().min_by_key(|pod| restarts(pod)).context("no pod")?;
    kill(pod).await?;
    until("started anew", PATIENTLY, async || {
        let now = shop.api::<Pod>().get(&pod.name_any()).await?;
        let times = restarts(&now);
        Ok(if times > restarts(pod) { Ok(()) } else { Err(format!("{times} restarts")) })
    })
    .await?;
    shop.ready_pods(component, count).await?;
    Ok(())
}

/// Kills the pod's process, without a word to it. A node of kind is a container.
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

/// How often the pod's process was started anew.
pub(crate) fn restarts(pod: &Pod) -> i32 {
    container(pod).map_or(0, |status| status.restart_count)
}

/// How many lists of products a catalog pod has served.
fn reads(metrics: &str) -> u64 {
    sum(metrics, |line| {
        line.starts_with("grpc_server_requests_total") && line.contains("ListProducts")
    })
}

/// The sum of the samples that `is_meant`.
fn sum(metrics: &str, is_meant: impl Fn(&str) -> bool) -> u64 {
    let values = metrics.lines().filter(|line| is_meant(line)).filter_map(|line| {
        let (_, value) = line.rsplit_once(' ')?;
        value.parse::<u64>().ok()
    });
    values.sum()
}
