//! Orders that are placed while the pods that carry them die.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use e2e::outside::Visitor;
use e2e::wait::until;
use e2e::{Cluster, Shop};
use futures::future::try_join_all;
use reqwest::Method;
use serde_json::json;
use storefront_api::Component;
use tokio::time::{Instant, sleep};

use crate::resilience::{A_WHILE, doubled, gateway, kill_one};

const BUYERS: usize = 4;
/// What everybody buys. The demonstration has 200 of it.
const PRODUCT: &str = "cotton-t-shirt";
/// Orders of one buyer, so that there is enough for all.
const MOST: usize = 200 / BUYERS;
/// Between two orders of a buyer, so that orders are placed as long as pods are killed.
const LOOKS_AROUND: Duration = Duration::from_millis(700);
/// How soon a buyer repeats what had no definite answer.
const AGAIN: Duration = Duration::from_millis(300);
/// Until an order is through, whatever dies: leases end, breakers close, pods come back.
const THROUGH: Duration = Duration::from_secs(90);

#[tokio::test]
async fn orders_are_paid_once_while_their_pods_are_killed() -> Result<()> {
    let cluster = Cluster::connect().await?;
    let shop = doubled(&cluster, "buying").await?;
    let before = stock().await?;
    let over = AtomicBool::new(false);
    let buyers = try_join_all((0..BUYERS).map(|_| buy_until(&over)));
    let (bought, killed) = tokio::join!(buyers, kill_in_turn(&shop, &over));
    killed?;
    let tallies = bought?;
    let orders: usize = tallies.iter().map(|tally| tally.orders).sum();
    let repeats: usize = tallies.iter().map(|tally| tally.repeats).sum();
    println!("pods of order and payment killed: {orders} orders, {repeats} repeats");
    ensure!(orders >= BUYERS, "hardly anything was bought");

    let bought = i64::try_from(orders)?;
    assert_eq!(stock().await?, before - bought, "one unit an order");
    until("everything settled", THROUGH, async || settled(&shop, bought).await).await?;
    cluster.remove_namespace(&shop.namespace).await
}

/// Kills a pod of each, lets it come back, and once more, while people buy.
async fn kill_in_turn(shop: &Shop, over: &AtomicBool) -> Result<()> {
    let killing = async {
        for component in [Component::Order, Component::Payment, Component::Order] {
            sleep(A_WHILE).await;
            kill_one(shop, component, 2).await?;
        }
        sleep(A_WHILE).await;
        Ok(())
    };
    let result = killing.await;
    over.store(true, Ordering::Relaxed);
    result
}

#[derive(Default)]
struct Tally {
    orders: usize,
    repeats: usize,
}

/// Orders one thing after another, each until it is confirmed.
async fn buy_until(over: &AtomicBool) -> Result<Tally> {
    let mut visitor = Visitor::of(&gateway())?;
    let email = visitor.register("correct horse battery").await?;
    let product = visitor.ask(Method::GET, &format!("/products/{PRODUCT}"), None, 200).await?;
    let mut tally = Tally::default();
    while !over.load(Ordering::Relaxed) && tally.orders < MOST {
        let line = json!({"product_id": product["id"], "quantity": 1});
        visitor.ask(Method::POST, "/cart/items", Some(line), 201).await?;
        tally.repeats += order(&visitor, &format!("{email}-{}", tally.orders)).await?;
        tally.orders += 1;
        sleep(LOOKS_AROUND).await;
    }
    Ok(tally)
}

/// Orders what is in the cart, and asks again under the same key as long as the answer is not definite;
/// tells how often.
async fn order(visitor: &Visitor, key: &str) -> Result<usize> {
    let began = Instant::now();
    let mut repeats = 0;
    loop {
        let order = json!({
            "payment_method_id": "pm_test_visa",
            "shipping_address": {"street": "1 Main Street", "city": "Springfield", "country": "US"},
        });
        let (status, answer) =
            visitor.tell(Method::POST, "/orders", Some(order), Some(key)).await?;
        match (status, answer["code"].as_str()) {
            (201, _) => {
                ensure!(answer["status"] == "confirmed", "{answer}");
                return Ok(repeats);
            }
            (202 | 503 | 504, _) | (409, Some("request_in_progress" | "order_in_progress")) => {}
            _ => bail!("POST /orders: {status} {answer}"),
        }
        ensure!(began.elapsed() < THROUGH, "not through: {status} {answer}");
        repeats += 1;
        sleep(AGAIN).await;
    }
}

async fn stock() -> Result<i64> {
    let path = format!("/products/{PRODUCT}");
    let product = Visitor::of(&gateway())?.ask(Method::GET, &path, None, 200).await?;
    product["stock_quantity"].as_i64().context("no stock")
}

/// Whether orders, money, stock and shipments agree in their databases, one of each an order.
async fn settled(shop: &Shop, orders: i64) -> Result<std::result::Result<(), String>> {
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
    let held = shop.sql("catalog_db", "SELECT sum(reserved) FROM stock").await?;
    Ok(if held == "0" { Ok(()) } else { Err(format!("{held} units are still held")) })
}
