//! A shopper with Chromium at the example's web shop. The journey is the one of `tests/browser`
//! with the tag `@cluster`; `make web-test` runs it too.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::cluster::Resource;
use e2e::storefront::READY_TIMEOUT;
use e2e::{Cluster, Shop, shopper};
use k8s_openapi::api::core::v1::Secret;
use storefront_api::component::GeneratedSecret;
use storefront_api::names;
use tokio::process::Command;
use tokio::time::timeout;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../hack/web-test.sh");

/// Where `make up` exposes the example's web shop. `E2E_WEB_URL` overrides it.
const WEB: &str = "http://localhost:3000";

/// Timeout of the journey and its repetition, which records a trace, while other journeys run.
const JOURNEY_TIMEOUT: Duration = Duration::from_secs(420);

#[tokio::test]
async fn chromium_orders_and_sees_the_order_ship() -> Result<()> {
    let mut cluster = Cluster::connect().await?;
    cluster.reserve(Resource::DemoRateLimit)?;
    let demo = cluster.demo();
    demo.ready(READY_TIMEOUT).await?;
    let (email, password) = administrator(&demo).await?;
    let web = std::env::var("E2E_WEB_URL").unwrap_or_else(|_| WEB.to_owned());
    let run = Command::new(SCRIPT)
        .args(["--config", "cluster.config.js"])
        .env("SHOP_URL", web)
        .env("API_URL", shopper::api_url())
        .env("INBOX_URL", shopper::inbox_url())
        .env("ADMIN_EMAIL", email)
        .env("ADMIN_PASSWORD", password)
        .kill_on_drop(true)
        .output();
    let output = timeout(JOURNEY_TIMEOUT, run).await.context("the browser takes too long")??;
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{text}{errors}");
    ensure!(text.contains("1 passed"), "no journey ran: {text}");
    Ok(())
}

/// The e-mail address and the password of the example's administrator.
async fn administrator(demo: &Shop) -> Result<(String, String)> {
    let email = demo.get().await?.spec.auth.admin_email.context("no administrator")?;
    let secret = names::generated_secret(&demo.name, GeneratedSecret::AdminPassword);
    let secret = demo.api::<Secret>().get(&secret).await?;
    let password = secret.data.unwrap_or_default().remove("password").context("no password")?;
    Ok((email, String::from_utf8(password.0)?))
}
