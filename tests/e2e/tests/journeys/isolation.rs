//! Storefronts of one cluster do not affect each other.

use anyhow::{Context as _, Result, ensure};
use e2e::external_postgres::{ExternalPostgres, PASSWORD as SERVER_PASSWORD};
use e2e::pods::PortForward;
use e2e::shopper::Shopper;
use e2e::storefront::{READY_TIMEOUT, RECOVERY_TIMEOUT, condition};
use e2e::wait::until;
use e2e::{Cluster, Shop};
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::ResourceExt as _;
use kube::api::DeleteParams;
use reqwest::Method;
use serde_json::{Value, json};
use storefront_api::status::ConditionType;
use storefront_api::{Component, names};

use crate::shopper::{PASSWORD, order};

#[tokio::test]
async fn deleted_namespace_leaves_the_other_storefront_unchanged() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let stocked = cluster.shop("stocked", json!({"demoData": true})).await?;
    let empty = cluster.shop("empty", json!({})).await?;
    stocked.ready(READY_TIMEOUT).await?;
    empty.ready(READY_TIMEOUT).await?;

    let (stocked_count, _) = stocked.products().await?;
    let (empty_count, _) = empty.products().await?;
    ensure!(stocked_count >= 9, "only {stocked_count} products");
    ensure!(empty_count == 0, "{empty_count} products in an empty shop");
    ensure!(password(&stocked).await? != password(&empty).await?, "a password is shared");

    // The namespace still contains the Storefront, which must not block the deletion.
    cluster.remove_namespace(&stocked.namespace).await?;
    empty.ready(READY_TIMEOUT).await?;
    ensure!(empty.products().await?.0 == 0, "the other Storefront changed");
    cluster.remove_namespace(&empty.namespace).await
}

#[tokio::test]
async fn external_databases_in_use_are_refused_until_taken_over() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let shop = async |name| {
        let namespace = cluster.namespace(name).await?;
        anyhow::Ok(Shop::new(cluster.client.clone(), &namespace, name))
    };
    let (owner, claimant) = (shop("owner").await?, shop("claimant").await?);
    let server = ExternalPostgres::start(&cluster, &owner.namespace).await?;
    server.create_shop(&cluster, &owner, SERVER_PASSWORD, json!({"demoData": true})).await?;
    owner.ready(READY_TIMEOUT).await?;
    let before = buy(&owner).await?;

    server.create_shop(&cluster, &claimant, SERVER_PASSWORD, json!({})).await?;
    let identity = identity_in_use(&claimant).await?;
    println!("databases in use by {identity}");
    ensure!(identity.ends_with(&format!("/{}/{}", owner.namespace, owner.name)), "{identity}");
    // New pods connect with the owner's passwords, which must be unchanged.
    for pod in owner.pods(Component::Order).await? {
        owner.api::<Pod>().delete(&pod.name_any(), &DeleteParams::default()).await?;
    }
    owner.ready_pods(Component::Order, 1).await?;
    owner.ready(READY_TIMEOUT).await?;
    let during = buy(&owner).await?;
    let products = owner.products().await?;

    owner.delete().await?;
    claimant.annotate(names::TAKE_OVER_ANNOTATION, &identity).await?;
    claimant.ready(RECOVERY_TIMEOUT).await?;
    assert_eq!(claimant.products().await?, products);
    for purchase in [before, during] {
        assert_eq!(find(&claimant, &purchase).await?["status"], "confirmed");
    }
    cluster.remove_namespace(&claimant.namespace).await?;
    cluster.remove_namespace(&owner.namespace).await
}

/// Waits until a Storefront is refused the databases of its server, and returns the identity of
/// their owner.
async fn identity_in_use(shop: &Shop) -> Result<String> {
    let message = shop
        .status("refused", RECOVERY_TIMEOUT, |status| {
            let stalled = condition(status, ConditionType::Stalled)?;
            let database = condition(status, ConditionType::DatabaseReady)?;
            let refused = stalled.status == "True" && stalled.reason == "DatabaseInUse";
            (refused && database.reason == "DatabaseInUse").then(|| stalled.message.clone())
        })
        .await?;
    let (_, rest) = message.split_once("in use by the Storefront ").context("no owner")?;
    Ok(rest.split(|c: char| c == ';' || c.is_whitespace()).next().unwrap_or_default().to_owned())
}

/// An order and the shopper who placed it.
struct Purchase {
    email: String,
    order: String,
}

/// Registers a shopper and places an order. Requests that get 503 are repeated: the gateway
/// discovers new pods some seconds after they are ready.
async fn buy(shop: &Shop) -> Result<Purchase> {
    let gateway = shop.forward_gateway().await?;
    let email = until("registered", READY_TIMEOUT, async || {
        retryable(Shopper::with_gateway(&gateway.url)?.register(PASSWORD).await)
    })
    .await?;
    let shopper = sign_in(&gateway, &email).await?;
    let order = until("ordered", READY_TIMEOUT, async || retryable(order(&shopper).await)).await?;
    ensure!(order["status"] == "confirmed", "{order}");
    Ok(Purchase { email, order: order["id"].as_str().context("no id")?.to_owned() })
}

/// Reads the order of a purchase as its shopper, with the same repetitions.
async fn find(shop: &Shop, purchase: &Purchase) -> Result<Value> {
    let gateway = shop.forward_gateway().await?;
    let shopper = sign_in(&gateway, &purchase.email).await?;
    let path = format!("/orders/{}", purchase.order);
    until("found", READY_TIMEOUT, async || {
        retryable(shopper.request(Method::GET, &path, None, 200).await)
    })
    .await
}

async fn sign_in(gateway: &PortForward, email: &str) -> Result<Shopper> {
    until("signed in", READY_TIMEOUT, async || {
        let mut shopper = Shopper::with_gateway(&gateway.url)?;
        retryable(shopper.sign_in(email, PASSWORD).await.map(|()| shopper))
    })
    .await
}

/// Converts a refusal with 503 to a reason to repeat the request.
fn retryable<T>(result: Result<T>) -> Result<std::result::Result<T, String>> {
    match result {
        Ok(value) => Ok(Ok(value)),
        Err(error) if error.to_string().contains(": 503 ") => Ok(Err(error.to_string())),
        Err(error) => Err(error),
    }
}

async fn password(shop: &Shop) -> Result<Option<Vec<u8>>> {
    let name = names::database_secret(&shop.name, Component::Catalog);
    let secret = shop.api::<Secret>().get(&name).await?;
    let password = secret.data.and_then(|mut data| data.remove("password"));
    ensure!(password.is_some(), "{name} has no password");
    Ok(password.map(|bytes| bytes.0))
}
