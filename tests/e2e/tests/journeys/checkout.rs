//! Orders that are placed while pods of the checkout are killed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use e2e::shopper::Shopper;
use e2e::wait::until;
use e2e::{Cluster, Shop};
use futures::future::try_join_all;
use reqwest::Method;
use serde_json::json;
use storefront_api::Component;
use tokio::time::{Instant, sleep};

use crate::resilience::{PAUSE, gateway, kill_one, replicated_shop};

const BUYERS: usize = 4;
/// The product of all orders. The demo data has 200 units of it.
pub(crate) const PRODUCT: &str = "cotton-t-shirt";
/// Orders of one buyer at most, so that the stock suffices.
const MAX_ORDERS: usize = 200 / BUYERS;
/// Pause between two orders of a buyer, so that orders are placed as long as pods are killed.
const ORDER_PAUSE: Duration = Duration::from_millis(700);
/// Pause before a buyer repeats a request without a definite result.
pub(crate) const RETRY_PAUSE: Duration = Duration::from_millis(300);
/// Timeout of an order: leases expire, circuit breakers close, pods restart.
pub(crate) const ORDER_TIMEOUT: Duration = Duration::from_secs(90);

#[tokio::test]
async fn order_is_paid_once_while_pods_are_killed() -> Result<()> {
    let mut cluster = Cluster::connect().await?;
    let shop = replicated_shop(&mut cluster, "buying").await?;
    let before = stock().await?;
    let stop = AtomicBool::new(false);
    let buyers = try_join_all((0..BUYERS).map(|_| buy_until(&stop)));
    let (bought, killed) = tokio::join!(buyers, kill_in_turn(&shop, &stop));
    killed?;
    let tallies = bought?;
    let orders: usize = tallies.iter().map(|tally| tally.orders).sum();
    let repeats: usize = tallies.iter().map(|tally| tally.repeats).sum();
    println!("pods of order and payment killed: {orders} orders, {repeats} repeats");
    ensure!(orders >= BUYERS, "only {orders} orders");

    let count = i64::try_from(orders)?;
    assert_eq!(stock().await?, before - count, "one unit per order");
    until("consistent", ORDER_TIMEOUT, async || databases_agree(&shop, count).await).await?;
    cluster.remove_namespace(&shop.namespace).await
}

/// Kills pods of order and payment one after the other, and then stops the buyers.
async fn kill_in_turn(shop: &Shop, stop: &AtomicBool) -> Result<()> {
    let kills = async {
        for component in [Component::Order, Component::Payment, Component::Order] {
            sleep(PAUSE).await;
            kill_one(shop, component, 2).await?;
        }
        sleep(PAUSE).await;
        Ok(())
    };
    let result = kills.await;
    stop.store(true, Ordering::Relaxed);
    result
}

#[derive(Default)]
struct Tally {
    orders: usize,
    repeats: usize,
}

/// Places orders one after the other until `stop`, each until it is confirmed.
async fn buy_until(stop: &AtomicBool) -> Result<Tally> {
    let mut shopper = Shopper::with_gateway(&gateway())?;
    let email = shopper.register("correct horse battery").await?;
    let product = shopper.request(Method::GET, &format!("/products/{PRODUCT}"), None, 200).await?;
    let mut tally = Tally::default();
    while !stop.load(Ordering::Relaxed) && tally.orders < MAX_ORDERS {
        let line = json!({"product_id": product["id"], "quantity": 1});
        shopper.request(Method::POST, "/cart/items", Some(line), 201).await?;
        tally.repeats += order(&shopper, &format!("{email}-{}", tally.orders)).await?;
        tally.orders += 1;
        sleep(ORDER_PAUSE).await;
    }
    Ok(tally)
}

/// Orders the cart, and repeats the request with the same key until the result is definite. Returns
/// the number of repeats.
async fn order(shopper: &Shopper, key: &str) -> Result<usize> {
    let started = Instant::now();
    let mut repeats = 0;
    loop {
        let order = json!({
            "payment_method_id": "pm_test_visa",
            "shipping_address": {"street": "1 Main Street", "city": "Springfield", "country": "US"},
        });
        let (status, response) =
            shopper.send(Method::POST, "/orders", Some(order), Some(key)).await?;
        match (status, response["code"].as_str()) {
            (201, _) => {
                ensure!(response["status"] == "confirmed", "{response}");
                return Ok(repeats);
            }
            (202 | 503 | 504, _) | (409, Some("request_in_progress" | "order_in_progress")) => {}
            _ => bail!("POST /orders: {status} {response}"),
        }
        ensure!(started.elapsed() < ORDER_TIMEOUT, "not confirmed in time: {status} {response}");
        repeats += 1;
        sleep(RETRY_PAUSE).await;
    }
}

async fn stock() -> Result<i64> {
    let path = format!("/products/{PRODUCT}");
    let product = Shopper::with_gateway(&gateway())?.request(Method::GET, &path, None, 200).await?;
    product["stock_quantity"].as_i64().context("no stock")
}

/// Whether orders, captures, shipments, mails and stock agree in the databases: one of each per
/// order.
async fn databases_agree(shop: &Shop, orders: i64) -> Result<std::result::Result<(), String>> {
    let sums = [
        ("order_db", "SELECT count(*) FROM orders"),
        ("order_db", "SELECT count(*) FROM orders WHERE status = 'confirmed'"),
        (
            "payment_db",
            "SELECT count(*) FROM transactions WHERE kind = 'capture' AND state = 'done'",
        ),
        ("payment_db", "SELECT count(DISTINCT order_id) FROM transactions WHERE kind = 'capture'"),
        ("shipping_db", "SELECT count(*) FROM shipments WHERE status <> 'cancelled'"),
        ("notification_db", "SELECT count(*) FROM notifications WHERE kind = 'order_confirmation'"),
    ];
    for (database, sum) in sums {
        let found = shop.sql(database, sum).await?;
        if found != orders.to_string() {
            return Ok(Err(format!("{database}: {sum}: {found}, not {orders}")));
        }
    }
    let reserved = shop.sql("catalog_db", "SELECT sum(reserved) FROM stock").await?;
    Ok(if reserved == "0" { Ok(()) } else { Err(format!("{reserved} units are still reserved")) })
}
