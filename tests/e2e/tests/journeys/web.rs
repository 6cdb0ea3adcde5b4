//! The web shop: rolled under load, switched off and on, and orders while its gateways are killed.

use anyhow::{Context as _, Result, ensure};
use e2e::cluster::Resource;
use e2e::load::{Readers, Tally};
use e2e::storefront::{READY_TIMEOUT, RECOVERY_TIMEOUT, condition};
use e2e::wait::until;
use e2e::{Cluster, Shop};
use serde_json::{Value, json};
use storefront_api::Component;
use storefront_api::status::ConditionType;
use testing::browser::{ADDRESS, Browser, Response, VISA};
use tokio::time::{Instant, sleep};

use crate::checkout::{ORDER_TIMEOUT, PRODUCT, RETRY_PAUSE};
use crate::resilience::{MIN_READS, NODE_PORT, PAUSE, READERS, gateway, kill_one};

/// Gateways that are killed, each while an order is placed.
const KILLS: usize = 3;

#[tokio::test]
async fn web_shop_rolls_and_orders_without_failed_page_or_double_charge() -> Result<()> {
    let mut cluster = Cluster::connect().await?;
    cluster.reserve(Resource::NodePort)?;
    let shop = cluster.shop("web", spec()).await?;
    shop.ready(RECOVERY_TIMEOUT).await?;
    until("served", READY_TIMEOUT, async || shows("Storefront").await).await?;

    let pages = rolls_without_failed_page(&shop).await?;
    println!("web shop rolled: {} pages, {} failed", pages.ok, pages.failed.len());
    pages.assert_all_ok(MIN_READS)?;
    let repeats = orders_while_gateways_are_killed(&shop).await?;
    println!("gateways killed: {KILLS} orders of the web shop, {repeats} repeats");
    is_disabled_and_enabled(&shop).await?;
    cluster.remove_namespace(&shop.namespace).await
}

/// Two pods of every component. The gateway reads the catalog each time, and limits nobody.
fn spec() -> Value {
    let setting = |name, value| json!({"name": name, "value": value});
    json!({
        "replicas": 2,
        "demoData": true,
        "components": {"gateway": {"env": [
            setting("CATALOG_CACHE_BYTES", "0"),
            setting("RATE_LIMIT_WEB_PER_MINUTE", "0"),
        ]}},
        "expose": {
            "type": "NodePort", "nodePorts": {"web": NODE_PORT}, "urls": {"web": gateway()},
        },
    })
}

/// Changes a setting, which rolls the pods as a new version does.
async fn rolls_without_failed_page(shop: &Shop) -> Result<Tally> {
    let readers = Readers::start(READERS, &format!("{}/products", gateway()));
    sleep(PAUSE).await;
    shop.patch(json!({"web": {"name": "Renamed", "accentHue": 20}})).await?;
    shop.ready(RECOVERY_TIMEOUT).await?;
    until("renamed", READY_TIMEOUT, async || shows("Renamed").await).await?;
    shop.ready_pods(Component::Web, 2).await?;
    sleep(PAUSE).await;
    readers.finish().await
}

/// Places orders while gateways are killed, and returns the number of repeated requests. The
/// shopper sees each order that was paid, once.
async fn orders_while_gateways_are_killed(shop: &Shop) -> Result<usize> {
    let mut browser = Browser::new(&gateway());
    register(&mut browser).await;
    browser.get("/addresses/new").await.is(200);
    browser.submit("/addresses/new", &ADDRESS).await.is(303);
    browser.get("/payment-methods").await.is(200);
    browser.submit("/payment-methods", &VISA).await.is(303);
    let mut repeats = 0;
    for _ in 0..KILLS {
        browser.get(&format!("/products/{PRODUCT}")).await.is(200);
        browser.submit("/cart/items", &[("quantity", "1")]).await.is(303);
        let start = browser.get("/checkout").await;
        browser.follow(&start).await.is(200).shows("Pay $");
        let (killed, placed) =
            tokio::join!(kill_one(shop, Component::Gateway, 2), place(&mut browser));
        killed?;
        repeats += placed?;
    }
    let orders = browser.get("/orders").await;
    orders.is(200);
    ensure!(orders.count(".order-list > *") == KILLS, "{}", orders.text());
    let captures = "SELECT count(*) FROM transactions WHERE kind = 'capture' AND state = 'done'";
    let captured = shop.sql("payment_db", captures).await?;
    ensure!(captured == KILLS.to_string(), "{captured} charges for {KILLS} orders");
    Ok(repeats)
}

async fn register(browser: &mut Browser) {
    let nanos = std::time::UNIX_EPOCH.elapsed().map_or(0, |now| now.as_nanos());
    let email = format!("visitor-{nanos}@example.com");
    browser.get("/register").await.is(200);
    let account = [
        ("email", &*email),
        ("password", "correct horse battery"),
        ("first_name", "Ada"),
        ("last_name", "Byron"),
    ];
    browser.submit("/register", &account).await.is(303);
}

/// Submits the order of the review page until its result is known, and returns the number of
/// repeats. A page that could not confirm the order has the same form with the same key.
async fn place(browser: &mut Browser) -> Result<usize> {
    let started = Instant::now();
    let mut repeats = 0;
    loop {
        let placed = browser.submit("/checkout/place", &[]).await;
        if is_order(&placed) {
            return Ok(repeats);
        }
        ensure!(matches!(placed.status.as_u16(), 503 | 504), "{placed:?}");
        ensure!(placed.count("form[action='/checkout/place']") == 1, "{placed:?}");
        ensure!(started.elapsed() < ORDER_TIMEOUT, "not placed in time: {placed:?}");
        repeats += 1;
        sleep(RETRY_PAUSE).await;
    }
}

fn is_order(response: &Response) -> bool {
    response.status.is_redirection() && response.header("location").starts_with("/orders/")
}

async fn is_disabled_and_enabled(shop: &Shop) -> Result<()> {
    shop.patch(json!({"components": {"web": {"enabled": false}}})).await?;
    shop.ready(READY_TIMEOUT).await?;
    shop.ready_pods(Component::Web, 0).await?;
    let status = shop.get().await?.status.context("a status")?;
    ensure!(status.ready.as_deref() == Some("8/8"), "{:?}", status.ready);
    let ready = condition(&status, ConditionType::ComponentsReady).context("a condition")?;
    ensure!(ready.message.contains("web is disabled"), "{}", ready.message);
    ensure!(shop.products().await?.0 >= 9, "the API needs the web shop");

    shop.patch(json!({"components": {"web": {"enabled": null}}})).await?;
    shop.ready(READY_TIMEOUT).await?;
    until("served again", READY_TIMEOUT, async || shows("Renamed").await).await?;
    let status = shop.get().await?.status.context("a status")?;
    ensure!(status.ready.as_deref() == Some("9/9"), "{:?}", status.ready);
    Ok(())
}

/// Checks that the product list contains a text.
async fn shows(text: &str) -> Result<std::result::Result<(), String>> {
    let response = match reqwest::Client::new().get(format!("{}/products", gateway())).send().await
    {
        Ok(response) => response,
        Err(error) => return Ok(Err(format!("{error:?}"))),
    };
    let found = response.status().as_u16();
    let page = response.text().await?;
    Ok(match found == 200 && page.contains(text) {
        true => Ok(()),
        false => Err(format!("{found} without {text}")),
    })
}
