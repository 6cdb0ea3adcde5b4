//! The API server refuses invalid Storefronts with a message that says what to do.

use anyhow::{Result, ensure};
use e2e::Cluster;
use e2e::storefront::READY_TIMEOUT;
use serde_json::json;

#[tokio::test]
async fn invalid_storefront_is_refused_with_a_message() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let long = "s".repeat(31);
    let cases = [
        ("Shop", json!({"version": "1"}), "lower"),
        (long.as_str(), json!({"version": "1"}), "create the Storefront with such a name"),
        ("shop", json!({}), "spec.version: Required"),
        ("shop", json!({"version": "not a tag"}), "must be an image tag such as 0.1.0"),
        ("shop", json!({"version": "1", "currency": "usd"}), "such as USD or EUR"),
        ("shop", json!({"version": "1", "replicas": 0}), "spec.replicas"),
        (
            "shop",
            json!({"version": "1", "components": {"cellar": {}}}),
            "components can contain only the components of the shop",
        ),
        ("shop", json!({"version": "1", "postgres": {"mode": "External"}}), "set it (with host"),
        (
            "shop",
            json!({"version": "1", "expose": {"nodePorts": {"gateway": 30_000}}}),
            "set expose.type to NodePort",
        ),
    ];
    for (name, spec, words) in cases {
        let refused = cluster.dry_run_create(name, spec.clone()).await;
        let Err(kube::Error::Api(status)) = refused else {
            anyhow::bail!("{spec} was not refused: {refused:?}");
        };
        ensure!(status.code == 422, "{spec}: {}", status.message);
        ensure!(status.message.contains(words), "{spec}: {}", status.message);
    }
    cluster.dry_run_create("shop", json!({"version": "0.1.0"})).await?;
    Ok(())
}

#[tokio::test]
async fn immutable_field_is_refused_with_a_message() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let demo = cluster.demo();
    demo.ready(READY_TIMEOUT).await?;
    for (spec, words) in [
        (json!({"currency": "EUR"}), "currency is immutable"),
        (json!({"postgres": {"storage": {"size": "1Mi"}}}), "cannot shrink"),
        (json!({"postgres": {"storage": {"className": "other"}}}), "className is immutable"),
    ] {
        let Err(refused) = demo.patch(spec.clone()).await else {
            anyhow::bail!("{spec} was not refused");
        };
        ensure!(refused.to_string().contains(words), "{spec}: {refused}");
    }
    Ok(())
}
