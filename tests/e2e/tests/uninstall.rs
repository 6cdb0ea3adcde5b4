//! `helm uninstall` removes the operator and nothing else. Runs last, and installs it again.

use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use e2e::Cluster;
use e2e::cluster::SYSTEM;
use e2e::storefront::{READY_TIMEOUT, RECOVERY_TIMEOUT};
use e2e::wait::until;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

const RELEASE: &str = "storefront-operator";
const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../charts/storefront-operator");

/// Kinds of the chart's objects, which all have the label of the release.
const KINDS: [&str; 7] = [
    "/api/v1/serviceaccounts",
    "/api/v1/services",
    "/api/v1/pods",
    "/apis/apps/v1/deployments",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "/apis/rbac.authorization.k8s.io/v1/roles",
];

#[tokio::test]
async fn uninstall_removes_the_operator_and_keeps_storefronts_serving() -> Result<()> {
    let cluster = Cluster::connect_exclusively().await?;
    let demo = cluster.demo();
    demo.ready(READY_TIMEOUT).await?;
    let values = helm(&["get", "values", RELEASE, "-n", SYSTEM, "-o", "json"], None).await?;

    helm(&["uninstall", RELEASE, "-n", SYSTEM, "--wait"], None).await?;
    let removed = until("without objects of the release", READY_TIMEOUT, async || {
        let left = remaining_objects(&cluster).await?;
        Ok(if left.is_empty() { Ok(()) } else { Err(left.join(", ")) })
    })
    .await;
    let served = demo.products().await;
    let kept = demo.get().await;

    // The next run needs an operator, even if this one failed.
    let install = ["upgrade", "--install", RELEASE, CHART, "-n", SYSTEM, "--wait", "-f", "-"];
    helm(&install, Some(&values)).await?;
    removed?;
    ensure!(served?.0 >= 9, "the shop no longer serves");
    kept.context("the Storefront was removed with the operator")?;
    demo.ready(RECOVERY_TIMEOUT).await?;
    Ok(())
}

/// The objects that still have the label of the release.
async fn remaining_objects(cluster: &Cluster) -> Result<Vec<String>> {
    let mut left = Vec::new();
    for kind in KINDS {
        let selector = format!("labelSelector=app.kubernetes.io%2Finstance%3D{RELEASE}");
        let found = cluster.read(&format!("{kind}?{selector}")).await?;
        let names = found["items"].as_array().into_iter().flatten();
        left.extend(names.map(|it: &Value| format!("{kind} {}", it["metadata"]["name"])));
    }
    Ok(left)
}

async fn helm(arguments: &[&str], input: Option<&str>) -> Result<String> {
    let mut helm = Command::new("helm")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("helm does not start")?;
    let mut stdin = helm.stdin.take().context("helm has no standard input")?;
    stdin.write_all(input.unwrap_or_default().as_bytes()).await?;
    drop(stdin);
    let output = helm.wait_with_output().await?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "helm {}: {stderr}", arguments.join(" "));
    Ok(String::from_utf8(output.stdout)?)
}
