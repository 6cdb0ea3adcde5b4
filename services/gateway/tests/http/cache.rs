//! Cache of catalog responses: what is served from it, and that changes invalidate it.
//!
//! The gateways of these tests cache responses for an hour, so that an earlier update is the effect
//! of a change notification. To distinguish a cached response from a read one, a test changes the
//! catalog's tables without a notification.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;
use testing::FaultProxy;
use tokio::time::{sleep, timeout};

use crate::shop::{Catalog, Gateway, Response};

const LONG_TTL: [&str; 4] = ["--rate-limit-per-minute", "0", "--catalog-cache-ttl", "1h"];

const PRODUCT: &str = "/api/v1/products/laptop-backpack";

/// One path of each public read.
const READS: [&str; 4] = [
    PRODUCT,
    "/api/v1/products?page_size=5",
    "/api/v1/products/search?q=laptop",
    "/api/v1/categories",
];

/// Waits until the condition holds.
async fn wait_until(what: &str, mut is_met: impl AsyncFnMut() -> bool) {
    let condition = async {
        while !is_met().await {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(30), condition).await.unwrap_or_else(|_| panic!("{what}"));
}

impl Gateway {
    /// Starts a gateway for `catalog` on `pool`, and waits until it receives changes.
    pub(crate) async fn start_with_cache(
        catalog: SocketAddr,
        pool: &PgPool,
        settings: &[&str],
    ) -> Self {
        let gateway = Self::start_with(catalog, &[&LONG_TTL[..], settings].concat()).await;
        gateway.wait_for_changes(pool).await;
        gateway
    }

    /// Waits until the gateway receives changes: its stream is open, and the catalog's listener is
    /// connected to PostgreSQL.
    async fn wait_for_changes(&self, pool: &PgPool) {
        wait_until("the change stream", async || self.metric("watching") == 1).await;
        let receives_change = async || {
            let before = self.metric("changes_total");
            notify(pool, "categories").await;
            let received = async || {
                while self.metric("changes_total") == before {
                    sleep(Duration::from_millis(10)).await;
                }
            };
            timeout(Duration::from_millis(200), received()).await.is_ok()
        };
        wait_until("the listener", receives_change).await;
        // Wait for changes in transit: from the connection of the listener and these notifications.
        let quiet = async || {
            let before = self.metric("changes_total");
            sleep(Duration::from_millis(300)).await;
            self.metric("changes_total") == before
        };
        wait_until("no changes in transit", quiet).await;
    }

    /// Returns the value of a metric of the cache; 0 if it does not exist yet.
    fn metric(&self, name: &str) -> u64 {
        let text = self.runtime.metrics().text();
        let start = format!("gateway_catalog_cache_{name} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&start));
        line.map_or(0, |number| number.parse().expect("a number"))
    }

    /// Returns the name of the product for shoppers.
    async fn product_name(&self) -> Value {
        self.get(PRODUCT).await.is(200, "").json()["name"].clone()
    }
}

async fn notify(pool: &PgPool, what: &str) {
    let notify = sqlx::query("SELECT pg_notify('catalog_changes', $1)").bind(what);
    notify.execute(pool).await.expect("a notification");
}

/// Renames the product without a change notification.
async fn rename_without_notification(pool: &PgPool, name: &str) {
    let statement = format!(
        "ALTER TABLE products DISABLE TRIGGER products_updated;
         UPDATE products SET name = '{name}' WHERE slug = 'laptop-backpack';
         ALTER TABLE products ENABLE TRIGGER products_updated;"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(pool).await.expect("an update");
}

/// Renames the product as an administrator.
async fn rename(gateway: &Gateway, id: &Value, name: &str) {
    let path = format!("/api/v1/admin/products/{}", id.as_str().expect("an id"));
    let call = gateway.admin(Method::PUT, &path).json(&json!({"name": name}));
    call.send().await.is(200, "");
}

#[tokio::test]
async fn cached_response_is_served_until_its_change_arrives() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::seeded(database.pool()).await;
    let gateway = Gateway::start_with_cache(catalog.address(), database.pool(), &[]).await;
    let before = gateway.get(PRODUCT).await.is(200, "").json();
    let id = &before["id"];
    let by_id = format!("/api/v1/products/{}", id.as_str().expect("an id"));
    gateway.get(&by_id).await.is(200, "");
    rename_without_notification(database.pool(), "Other").await;
    assert_eq!(gateway.product_name().await, before["name"]);
    assert_eq!(gateway.get(&by_id).await.json(), before);
    let admin = gateway.admin(Method::GET, PRODUCT).send().await;
    assert_eq!(admin.json()["name"], "Other", "administrators bypass the cache");
    assert_eq!(gateway.product_name().await, before["name"]);
    let customer = gateway.signer().customer();
    let customer = gateway.request(Method::GET, PRODUCT).bearer(&customer).send().await;
    assert_eq!(customer.json()["name"], before["name"], "customers use the cache");
    assert_eq!(customer.header("cache-control"), "private, no-store");

    notify(database.pool(), &format!("product:{}", id.as_str().expect("an id"))).await;
    wait_until("the change", async || gateway.product_name().await == "Other").await;
    assert_eq!(gateway.get(&by_id).await.json()["name"], "Other");
}

#[tokio::test]
async fn changes_invalidate_the_caches_of_all_gateways() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let (one, other) =
        (Catalog::seeded(database.pool()).await, Catalog::start(database.pool()).await);
    // One gateway watches another replica than the one that makes the changes.
    let gateways = [
        Gateway::start_with_cache(one.address(), database.pool(), &[]).await,
        Gateway::start_with_cache(other.address(), database.pool(), &[]).await,
    ];
    let list = "/api/v1/products?sort=price_desc&page_size=1";
    let first =
        async |gateway: &Gateway| gateway.get(list).await.is(200, "").json()["products"][0].clone();
    let total = async |gateway: &Gateway| {
        let listed = gateway.get("/api/v1/categories").await.is(200, "").json();
        let counts = listed["categories"].as_array().expect("categories").clone();
        counts.iter().map(|category| category["product_count"].as_i64().expect("a count")).sum()
    };
    let id = gateways[0].get(PRODUCT).await.json()["id"].clone();
    let path = format!("/api/v1/admin/products/{}", id.as_str().expect("an id"));
    let change = async |change: Value| {
        let call = gateways[1].admin(Method::PUT, &path).header("if-match", "*");
        call.json(&change).send().await.is(200, "");
    };
    for gateway in &gateways {
        assert_ne!(first(gateway).await["id"], id);
    }
    let counted: i64 = total(&gateways[0]).await;

    change(json!({"price": {"amount_cents": 99_999_999, "currency": "USD"}})).await;
    for gateway in &gateways {
        wait_until("the new order", async || first(gateway).await["id"] == id).await;
    }
    change(json!({"stock_quantity": 3})).await;
    for gateway in &gateways {
        wait_until("the stock", async || first(gateway).await["stock_quantity"] == 3).await;
        let product = gateway.get(PRODUCT).await.is(200, "").json();
        assert_eq!(product["stock_quantity"], 3);
    }
    gateways[1].admin(Method::DELETE, &path).send().await.is(204, "");
    for gateway in &gateways {
        wait_until("the deletion", async || gateway.get(PRODUCT).await.status == 404).await;
        assert_ne!(first(gateway).await["id"], id);
        wait_until("a lower count", async || total(gateway).await < counted).await;
    }
}

/// Returns the parts of a response that must not depend on the cache.
fn comparable(mut response: Response) -> (u16, Vec<(String, String)>, Vec<u8>) {
    for name in ["date", "x-request-id"] {
        response.headers.remove(name).expect(name);
    }
    let text = |value: &reqwest::header::HeaderValue| value.to_str().expect("text").to_owned();
    let mut headers: Vec<_> =
        response.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    headers.sort();
    (response.status.as_u16(), headers, response.bytes)
}

#[tokio::test]
async fn cached_response_equals_read_response() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::seeded(database.pool()).await;
    let cached = Gateway::start_with_cache(catalog.address(), database.pool(), &[]).await;
    let settings = ["--rate-limit-per-minute", "0", "--catalog-cache-bytes", "0"];
    let uncached = Gateway::start_with(catalog.address(), &settings).await;
    let customer = cached.signer().customer();
    for path in READS {
        let tag = cached.get(path).await.header("etag").to_owned();
        let hits = cached.metric("hits_total");
        let forms: [&[(&str, &str)]; 6] = [
            &[],
            &[("accept-encoding", "gzip")],
            &[("if-none-match", &tag)],
            &[("if-none-match", "\"other\""), ("accept-encoding", "gzip")],
            &[("origin", "http://localhost:3000")],
            &[("if-none-match", "*"), ("accept-encoding", "br, gzip;q=0.5")],
        ];
        for method in [Method::GET, Method::HEAD] {
            for form in forms {
                let request = async |gateway: &Gateway| {
                    let call = gateway.request(method.clone(), path);
                    let add = |call, (name, value): &(&str, &str)| {
                        crate::client::Call::header(call, name, value)
                    };
                    comparable(form.iter().fold(call, add).send().await)
                };
                assert_eq!(
                    request(&cached).await,
                    request(&uncached).await,
                    "{method} {path} {form:?}"
                );
            }
        }
        assert_eq!(cached.metric("hits_total"), hits + 12, "{path}");
        // Each gateway accepts only tokens of its own signer.
        let call = cached.request(Method::GET, path).bearer(&customer);
        call.send().await.is(200, "");
        assert_eq!(cached.metric("hits_total"), hits + 13, "{path}");
    }
    let metric = "gateway_catalog_cache_hits_total";
    assert!(!uncached.runtime.metrics().text().contains(metric), "the cache is disabled");
}

#[tokio::test]
async fn hidden_products_are_neither_cached_nor_served() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::seeded(database.pool()).await;
    let gateway = Gateway::start_with_cache(catalog.address(), database.pool(), &[]).await;
    let id = gateway.get(PRODUCT).await.json()["id"].clone();
    let path = format!("/api/v1/admin/products/{}", id.as_str().expect("an id"));
    gateway.admin(Method::DELETE, &path).send().await.is(204, "");
    wait_until("the deletion", async || gateway.get(PRODUCT).await.status == 404).await;
    let before = (gateway.metric("hits_total"), gateway.metric("entries"));
    for _ in 0..2 {
        let all = "/api/v1/products?include_inactive=true&page_size=100";
        let all = gateway.admin(Method::GET, all).send().await.is(200, "").json();
        let all = all["products"].as_array().expect("products").clone();
        assert!(all.iter().any(|product| product["id"] == id));
        let admin = gateway.admin(Method::GET, PRODUCT).send().await;
        assert_eq!(admin.is(200, "").json()["is_active"], false);
    }
    assert_eq!((gateway.metric("hits_total"), gateway.metric("entries")), before);
    gateway.get(PRODUCT).await.is(404, "product_not_found");
    let customer = gateway.signer().customer();
    let customer = gateway.request(Method::GET, PRODUCT).bearer(&customer).send().await;
    customer.is(404, "product_not_found");
}

#[tokio::test]
async fn cache_respects_its_capacity_and_normalizes_queries() {
    let database = testing::database(&catalog::MIGRATOR).await;
    const BYTES: u64 = 256 * 1024;
    let catalog = Catalog::seeded(database.pool()).await;
    let size = BYTES.to_string();
    let settings = ["--catalog-cache-bytes", &size];
    let gateway = Gateway::start_with_cache(catalog.address(), database.pool(), &settings).await;
    for price in 0..300 {
        let path = format!("/api/v1/products?page_size=3&max_price={}", 5000 + price);
        gateway.get(&path).await.is(200, "");
        assert!(gateway.metric("bytes") <= BYTES);
    }
    assert!((1..300).contains(&gateway.metric("entries")));
    // Equivalent queries share one entry.
    gateway.get("/api/v1/products?page_size=3&max_price=5299").await.is(200, "");
    let hits = gateway.metric("hits_total");
    for same in [
        "max_price=5299&page_size=3",
        "page=1&page_size=3&max_price=5299&utm_source=mail",
        "sort=newest&page_size=003&max_price=5299&in_stock=false",
    ] {
        gateway.get(&format!("/api/v1/products?{same}")).await.is(200, "");
    }
    assert_eq!(gateway.metric("hits_total"), hits + 3);
}

#[tokio::test]
async fn change_during_a_disconnection_is_served_after_it() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::seeded(database.pool()).await;
    let mut proxy = FaultProxy::start(catalog.address()).await;
    let gateway = Gateway::start_with_cache(proxy.address(), database.pool(), &[]).await;
    for name in ["One", "Two", "Three"] {
        let name_before = gateway.product_name().await;
        assert_eq!(gateway.product_name().await, name_before);
        assert!(gateway.metric("entries") > 0);
        proxy.disconnect().await;
        wait_until("the disconnection", async || gateway.metric("watching") == 0).await;
        assert_eq!((gateway.metric("entries"), gateway.metric("bytes")), (0, 0));
        gateway.get(PRODUCT).await.is(503, "unavailable");
        rename_without_notification(database.pool(), name).await;
        proxy.restore().await;
        wait_until("the catalog", async || gateway.get(PRODUCT).await.status == 200).await;
        assert_eq!(gateway.product_name().await, name);

        wait_until("the response is cached again", async || {
            let hits = gateway.metric("hits_total");
            gateway.product_name().await == name && gateway.metric("hits_total") > hits
        })
        .await;
    }
}

#[tokio::test]
async fn gateway_receives_changes_after_a_catalog_restart() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::seeded(database.pool()).await;
    let address = catalog.address();
    let gateway = Gateway::start_with_cache(catalog.address(), database.pool(), &[]).await;
    let id = gateway.get(PRODUCT).await.json()["id"].clone();
    catalog.stop().await;
    wait_until("the disconnection", async || gateway.metric("watching") == 0).await;
    gateway.get(PRODUCT).await.is(503, "unavailable");
    let _next = Catalog::start_at(database.pool(), address).await;
    gateway.wait_for_changes(database.pool()).await;
    wait_until("the catalog", async || gateway.get(PRODUCT).await.status == 200).await;
    rename(&gateway, &id, "Renewed").await;
    wait_until("the change", async || gateway.product_name().await == "Renewed").await;
}
