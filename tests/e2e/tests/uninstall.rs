//! `helm uninstall` takes the operator away and nothing else. Run last: it brings the operator back.

use std::process::Stdio;

use anyhow::{Context as _, Result, ensure};
use e2e::Cluster;
use e2e::cluster::SYSTEM;
use e2e::shop::{PATIENTLY, READY};
use e2e::wait::until;
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

const RELEASE: &str = "storefront-operator";
const CHART: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../charts/storefront-operator");

/// Kinds that the chart has, all of which carry the release's label.
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
async fn uninstalling_leaves_storefronts_serving_and_nothing_of_the_operator() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let demo = cluster.demo();
    demo.ready(READY).await?;
    let values = helm(&["get", "values", RELEASE, "-n", SYSTEM, "-o", "json"], None).await?;

    helm(&["uninstall", RELEASE, "-n", SYSTEM, "--wait"], None).await?;
    let clean = until("clean", READY, async || {
        let left = left_over(&cluster).await?;
        Ok(if left.is_empty() { Ok(()) } else { Err(left.join(", ")) })
    })
    .await;
    let served = demo.products().await;
    let kept = demo.get().await;

    // Whatever was found, the next one finds an operator.
    let install = ["upgrade", "--install", RELEASE, CHART, "-n", SYSTEM, "--wait", "-f", "-"];
    helm(&install, Some(&values)).await?;
    clean?;
    ensure!(served?.0 >= 9, "the shop no longer serves");
    kept.context("the Storefront went with the operator")?;
    demo.ready(PATIENTLY).await?;
    Ok(())
}

/// What still carries the release's label.
async fn left_over(cluster: &Cluster) -> Result<Vec<String>> {
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
        .context("helm cannot be run")?;
    let mut stdin = helm.stdin.take().context("helm takes no input")?;
    stdin.write_all(input.unwrap_or_default().as_bytes()).await?;
    drop(stdin);
    let output = helm.wait_with_output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "helm {}: {said}", arguments.join(" "));
    Ok(String::from_utf8(output.stdout)?)
}
