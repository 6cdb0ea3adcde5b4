//! Kept answers of the catalog: what is shown from them, and that what changes is seen.
//!
//! The gateways here keep answers for an hour, so that whatever becomes fresh sooner was heard of. To
//! tell a kept answer from a read one, a test changes the catalog's tables behind its back.

use std::net::SocketAddr;
use std::time::Duration;

use kit::testing::FaultProxy;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::time::{sleep, timeout};

use crate::shop::{Answer, Catalog, Gateway};

const LONG: [&str; 4] = ["--rate-limit-per-minute", "0", "--catalog-cache-ttl", "1h"];

const PRODUCT: &str = "/api/v1/products/laptop-backpack";

/// One answer of each public read.
const READS: [&str; 4] = [
    PRODUCT,
    "/api/v1/products?page_size=5",
    "/api/v1/products/search?q=laptop",
    "/api/v1/categories",
];

/// Waits for what comes soon.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let comes = async {
        while !holds().await {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(30), comes).await.unwrap_or_else(|_| panic!("{what}"));
}

impl Gateway {
    /// In front of `catalog` on `pool`, once it hears of changes.
    async fn keeping(catalog: SocketAddr, pool: &PgPool, settings: &[&str]) -> Self {
        let gateway = Self::start_with(catalog, &[&LONG[..], settings].concat()).await;
        gateway.hears(pool).await;
        gateway
    }

    /// Waits until it hears of changes: it has a stream, and the catalog's listener is connected.
    async fn hears(&self, pool: &PgPool) {
        until("a stream of changes", async || self.counted("watching") == 1).await;
        let heard = async || {
            let before = self.counted("changes_total");
            notify(pool, "categories").await;
            let hears = async || {
                while self.counted("changes_total") == before {
                    sleep(Duration::from_millis(10)).await;
                }
            };
            timeout(Duration::from_millis(200), hears()).await.is_ok()
        };
        until("the listener", heard).await;
        // What is on its way still, of a listener that connected and of these notifications.
        let quiet = async || {
            let before = self.counted("changes_total");
            sleep(Duration::from_millis(300)).await;
            self.counted("changes_total") == before
        };
        until("silence", quiet).await;
    }

    /// What a metric of the cache says; 0 before there is one.
    fn counted(&self, name: &str) -> u64 {
        let text = self.runtime.metrics().text();
        let start = format!("gateway_catalog_cache_{name} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&start));
        line.map_or(0, |number| number.parse().expect("a number"))
    }

    /// The name of the product as shoppers see it.
    async fn shown(&self) -> Value {
        self.get(PRODUCT).await.is(200, "").json()["name"].clone()
    }
}

async fn notify(pool: &PgPool, what: &str) {
    let notify = sqlx::query("SELECT pg_notify('catalog_changes', $1)").bind(what);
    notify.execute(pool).await.expect("told");
}

/// Gives the product another name, and nobody hears of it.
async fn rename_in_silence(pool: &PgPool, name: &str) {
    let statement = format!(
        "ALTER TABLE products DISABLE TRIGGER products_updated;
         UPDATE products SET name = '{name}' WHERE slug = 'laptop-backpack';
         ALTER TABLE products ENABLE TRIGGER products_updated;"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(pool).await.expect("it is renamed");
}

/// Gives the product another name, as an administrator.
async fn rename(gateway: &Gateway, id: &Value, name: &str) {
    let path = format!("/api/v1/admin/products/{}", id.as_str().expect("an id"));
    let call = gateway.admin(Method::PUT, &path).json(&json!({"name": name}));
    call.send().await.is(200, "");
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn a_kept_answer_is_shown_until_its_change_is_heard_of(pool: PgPool) {
    let catalog = Catalog::seeded(&pool).await;
    let gateway = Gateway::keeping(catalog.address(), &pool, &[]).await;
    let before = gateway.get(PRODUCT).await.is(200, "").json();
    let id = &before["id"];
    let by_id = format!("/api/v1/products/{}", id.as_str().expect("an id"));
    gateway.get(&by_id).await.is(200, "");
    rename_in_silence(&pool, "Other").await;
    assert_eq!(gateway.shown().await, before["name"]);
    assert_eq!(gateway.get(&by_id).await.json(), before);
    let admin = gateway.admin(Method::GET, PRODUCT).send().await;
    assert_eq!(admin.json()["name"], "Other", "administrators see what is");
    assert_eq!(gateway.shown().await, before["name"]);
    let customer = gateway.signer().customer();
    let customer = gateway.request(Method::GET, PRODUCT).bearer(&customer).send().await;
    assert_eq!(customer.json()["name"], before["name"], "customers see what shoppers see");
    assert_eq!(customer.header("cache-control"), "private, no-store");

    notify(&pool, &format!("product:{}", id.as_str().expect("an id"))).await;
    until("the change", async || gateway.shown().await == "Other").await;
    assert_eq!(gateway.get(&by_id).await.json()["name"], "Other");
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn every_change_is_seen_by_every_gateway(pool: PgPool) {
    let (one, other) = (Catalog::seeded(&pool).await, Catalog::start(&pool).await);
    // Each hears of changes from another replica than the one by which they are made.
    let gateways = [
        Gateway::keeping(one.address(), &pool, &[]).await,
        Gateway::keeping(other.address(), &pool, &[]).await,
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
        gateways[1].admin(Method::PUT, &path).json(&change).send().await.is(200, "");
    };
    for gateway in &gateways {
        assert_ne!(first(gateway).await["id"], id);
    }
    let counted: i64 = total(&gateways[0]).await;

    change(json!({"price": {"amount_cents": 99_999_999, "currency": "USD"}})).await;
    for gateway in &gateways {
        until("the new order", async || first(gateway).await["id"] == id).await;
    }
    change(json!({"stock_quantity": 3})).await;
    for gateway in &gateways {
        until("the stock", async || first(gateway).await["stock_quantity"] == 3).await;
        let product = gateway.get(PRODUCT).await.is(200, "").json();
        assert_eq!(product["stock_quantity"], 3);
    }
    gateways[1].admin(Method::DELETE, &path).send().await.is(204, "");
    for gateway in &gateways {
        until("it is gone", async || gateway.get(PRODUCT).await.status == 404).await;
        assert_ne!(first(gateway).await["id"], id);
        until("a count less", async || total(gateway).await < counted).await;
    }
}

/// What an answer says, but for what no two have in common.
fn said(mut answer: Answer) -> (u16, Vec<(String, String)>, Vec<u8>) {
    for own in ["date", "x-request-id"] {
        answer.headers.remove(own).expect(own);
    }
    let text = |value: &reqwest::header::HeaderValue| value.to_str().expect("text").to_owned();
    let mut headers: Vec<_> =
        answer.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    headers.sort();
    (answer.status.as_u16(), headers, answer.bytes)
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn a_kept_answer_is_the_read_one_to_the_last_byte(pool: PgPool) {
    let catalog = Catalog::seeded(&pool).await;
    let keeping = Gateway::keeping(catalog.address(), &pool, &[]).await;
    let off = ["--rate-limit-per-minute", "0", "--catalog-cache-bytes", "0"];
    let reading = Gateway::start_with(catalog.address(), &off).await;
    let customer = keeping.signer().customer();
    for path in READS {
        let tag = keeping.get(path).await.header("etag").to_owned();
        let hits = keeping.counted("hits_total");
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
                let ask = async |gateway: &Gateway| {
                    let call = gateway.request(method.clone(), path);
                    let add = |call, (name, value): &(&str, &str)| {
                        crate::client::Call::header(call, name, value)
                    };
                    said(form.iter().fold(call, add).send().await)
                };
                assert_eq!(ask(&keeping).await, ask(&reading).await, "{method} {path} {form:?}");
            }
        }
        assert_eq!(keeping.counted("hits_total"), hits + 12, "{path}");
        // Each gateway knows the keys of its own signer only.
        let call = keeping.request(Method::GET, path).bearer(&customer);
        call.send().await.is(200, "");
        assert_eq!(keeping.counted("hits_total"), hits + 13, "{path}");
    }
    let known = "gateway_catalog_cache_hits_total";
    assert!(!reading.runtime.metrics().text().contains(known), "there is no cache");
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn what_only_administrators_see_is_neither_kept_nor_shown(pool: PgPool) {
    let catalog = Catalog::seeded(&pool).await;
    let gateway = Gateway::keeping(catalog.address(), &pool, &[]).await;
    let id = gateway.get(PRODUCT).await.json()["id"].clone();
    let path = format!("/api/v1/admin/products/{}", id.as_str().expect("an id"));
    gateway.admin(Method::DELETE, &path).send().await.is(204, "");
    until("it is gone", async || gateway.get(PRODUCT).await.status == 404).await;
    let asked = (gateway.counted("hits_total"), gateway.counted("entries"));
    for _ in 0..2 {
        let all = "/api/v1/products?include_inactive=true&page_size=100";
        let all = gateway.admin(Method::GET, all).send().await.is(200, "").json();
        let all = all["products"].as_array().expect("products").clone();
        assert!(all.iter().any(|product| product["id"] == id));
        let own = gateway.admin(Method::GET, PRODUCT).send().await;
        assert_eq!(own.is(200, "").json()["is_active"], false);
    }
    assert_eq!((gateway.counted("hits_total"), gateway.counted("entries")), asked);
    gateway.get(PRODUCT).await.is(404, "product_not_found");
    let customer = gateway.signer().customer();
    let customer = gateway.request(Method::GET, PRODUCT).bearer(&customer).send().await;
    customer.is(404, "product_not_found");
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn what_is_asked_in_many_ways_fills_no_more_than_was_given(pool: PgPool) {
    const BYTES: u64 = 256 * 1024;
    let catalog = Catalog::seeded(&pool).await;
    let size = BYTES.to_string();
    let settings = ["--catalog-cache-bytes", &size];
    let gateway = Gateway::keeping(catalog.address(), &pool, &settings).await;
    for price in 0..300 {
        let path = format!("/api/v1/products?page_size=3&max_price={}", 5000 + price);
        gateway.get(&path).await.is(200, "");
        assert!(gateway.counted("bytes") <= BYTES);
    }
    assert!((1..300).contains(&gateway.counted("entries")));
    // The same in other words is the same question. Asked for again, it has a place of its own.
    gateway.get("/api/v1/products?page_size=3&max_price=5299").await.is(200, "");
    let hits = gateway.counted("hits_total");
    for same in [
        "max_price=5299&page_size=3",
        "page=1&page_size=3&max_price=5299&utm_source=mail",
        "sort=newest&page_size=003&max_price=5299&in_stock=false",
    ] {
        gateway.get(&format!("/api/v1/products?{same}")).await.is(200, "");
    }
    assert_eq!(gateway.counted("hits_total"), hits + 3);
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn what_changes_while_nothing_is_heard_is_seen_and_then_kept_again(pool: PgPool) {
    let catalog = Catalog::seeded(&pool).await;
    let mut proxy = FaultProxy::start(catalog.address()).await;
    let gateway = Gateway::keeping(proxy.address(), &pool, &[]).await;
    for name in ["One", "Two", "Three"] {
        let kept = gateway.shown().await;
        assert_eq!(gateway.shown().await, kept);
        assert!(gateway.counted("entries") > 0);
        proxy.disconnect().await;
        until("the loss", async || gateway.counted("watching") == 0).await;
        assert_eq!((gateway.counted("entries"), gateway.counted("bytes")), (0, 0));
        gateway.get(PRODUCT).await.is(503, "unavailable");
        rename_in_silence(&pool, name).await;
        proxy.restore().await;
        until("the catalog", async || gateway.get(PRODUCT).await.status == 200).await;
        assert_eq!(gateway.shown().await, name);

        until("it is kept again", async || {
            let hits = gateway.counted("hits_total");
            gateway.shown().await == name && gateway.counted("hits_total") > hits
        })
        .await;
    }
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn a_gateway_hears_of_changes_after_the_catalog_was_replaced(pool: PgPool) {
    let catalog = Catalog::seeded(&pool).await;
    let address = catalog.address();
    let gateway = Gateway::keeping(catalog.address(), &pool, &[]).await;
    let id = gateway.get(PRODUCT).await.json()["id"].clone();
    catalog.stop().await;
    until("the loss", async || gateway.counted("watching") == 0).await;
    gateway.get(PRODUCT).await.is(503, "unavailable");
    let _next = Catalog::start_at(&pool, address).await;
    gateway.hears(&pool).await;
    until("the catalog", async || gateway.get(PRODUCT).await.status == 200).await;
    rename(&gateway, &id, "Renewed").await;
    until("the change", async || gateway.shown().await == "Renewed").await;
}
