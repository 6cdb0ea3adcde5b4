//! Bounds on memory and image sizes, on the cluster of `make up`.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::Cluster;
use e2e::cluster::SYSTEM;
use e2e::storefront::READY_TIMEOUT;
use e2e::wait::until;
use k8s_openapi::api::core::v1::Node;
use kube::Api;
use kube::api::ListParams;
use serde_json::Value;

const MIB: f64 = 1024.0 * 1024.0;
/// Timeout of metrics-server and of the node's list of images.
const MEASURED: Duration = Duration::from_secs(120);

#[tokio::test]
async fn operator_memory_is_below_25_mib() -> Result<()> {
    let cluster = Cluster::connect().await?;
    cluster.demo().ready(READY_TIMEOUT).await?;
    let path = format!("/apis/metrics.k8s.io/v1beta1/namespaces/{SYSTEM}/pods");
    // metrics-server measures a pod some time after its start.
    let usage = until("measured", MEASURED, async || {
        let pods = cluster.read(&path).await.context("the cluster has no metrics server")?;
        let usage = pods["items"][0]["containers"][0]["usage"]["memory"].as_str();
        Ok(usage.map(str::to_owned).ok_or_else(|| pods.to_string()))
    })
    .await?;
    let mib = bytes(&usage)? / MIB;
    println!("operator: {mib:.1} MiB of memory");
    ensure!(mib <= 25.0, "the operator uses {mib:.1} MiB");
    Ok(())
}

#[tokio::test]
async fn image_sizes_are_below_their_limits() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let version = cluster.demo().get().await?.spec.version;
    let pods = cluster.read(&format!("/api/v1/namespaces/{SYSTEM}/pods")).await?;
    let operator = operator_image(&pods).context("no operator")?;
    // With the profile `local`. The profile `release` optimizes at link time, for smaller images.
    for (what, tail, limit) in
        [("shop", format!("shop:{version}"), 46.0), ("operator", operator, 25.0)]
    {
        // A node lists an image some time after the import.
        let bytes = until("listed on a node", MEASURED, async || {
            Ok(size_on_nodes(&cluster, &tail).await?.ok_or_else(|| tail.clone()))
        })
        .await?;
        let mib = bytes as f64 / MIB;
        println!("{what} image: {mib:.1} MiB");
        ensure!(mib <= limit, "the {what} image has {mib:.1} MiB");
    }
    Ok(())
}

/// The size in bytes of the image whose name ends with `tail`, from the nodes' lists.
async fn size_on_nodes(cluster: &Cluster, tail: &str) -> Result<Option<i64>> {
    let nodes = Api::<Node>::all(cluster.client.clone()).list(&ListParams::default()).await?;
    let mut images = nodes.into_iter().filter_map(|node| node.status?.images).flatten();
    let found = images.find(|image| image.names.iter().flatten().any(|name| name.ends_with(tail)));
    Ok(found.and_then(|image| image.size_bytes))
}

fn operator_image(pods: &Value) -> Option<String> {
    Some(pods["items"].get(0)?["spec"]["containers"][0]["image"].as_str()?.to_owned())
}

/// Converts a Kubernetes quantity of memory to bytes.
fn bytes(quantity: &str) -> Result<f64> {
    let digits = quantity.find(|c: char| !c.is_ascii_digit()).unwrap_or(quantity.len());
    let (number, unit) = quantity.split_at(digits);
    let factor = match unit {
        "" => 1.0,
        "Ki" => 1024.0,
        "Mi" => MIB,
        "Gi" => 1024.0 * MIB,
        _ => anyhow::bail!("{quantity} has an unknown unit"),
    };
    Ok(number.parse::<f64>()? * factor)
}
