//! When what stands behind the gateway is away: 503 or 504, soon, and never a 500.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use sqlx::PgPool;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::services::Part;
use crate::shop::{Answer, Catalog, Customer, Gateway, Shop};

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn a_catalog_that_goes_is_503_and_comes_back_without_a_restart(pool: PgPool) {
    let catalog = Catalog::seeded(&pool).await;
    let address = catalog.address();
    let gateway = Gateway::start(catalog.address()).await;
    gateway.get("/api/v1/products").await.is(200, "");
    catalog.stop().await;
    let kept = async || {
        while gateway.get("/api/v1/products").await.status == 200 {}
    };
    let patience = Duration::from_secs(10);
    tokio::time::timeout(patience, kept()).await.expect("nothing is shown that may be stale");
    for path in [
        "/api/v1/products",
        "/api/v1/products/search?q=a",
        "/api/v1/products/1984",
        "/api/v1/categories",
    ] {
        let began = Instant::now();
        let answer = gateway.get(path).await;
        answer.is(503, "unavailable");
        assert_eq!(answer.header("retry-after"), "1");
        assert!(began.elapsed() < Duration::from_secs(3), "{path} took {:?}", began.elapsed());
    }
    let body = json!({"name": "A", "price": {"amount_cents": 1, "currency": "USD"}});
    let call = gateway.admin(Method::POST, "/api/v1/admin/products").json(&body);
    call.send().await.is(503, "unavailable");
    gateway.get("/health").await.is(200, "");

    let _catalog = Catalog::start_at(&pool, address).await;
    let came_back = async || {
        while gateway.get("/api/v1/products").await.status != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), came_back()).await.expect("it comes back");
}

#[tokio::test]
async fn a_database_that_is_away_is_503() {
    let catalog = Catalog::start_without_database().await;
    let settings = ["--rate-limit-per-minute", "0"];
    let gateway = Gateway::start_with(catalog.address(), &settings).await;
    gateway.get("/api/v1/products").await.is(503, "unavailable");
}

#[tokio::test]
async fn a_catalog_that_never_answers_is_504() {
    // It takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = silent.local_addr().expect("an address");
    let settings = ["--rate-limit-per-minute", "0", "--request-timeout", "2s"];
    let gateway = Gateway::start_with(address, &settings).await;
    let began = Instant::now();
    let origin = "http://localhost:3000";
    let call = gateway.request(Method::GET, "/api/v1/products").header("origin", origin);
    let answer = call.send().await;
    answer.is(504, "deadline_exceeded");
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(answer.header("access-control-allow-origin"), origin);
    assert!(began.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn more_than_fits_is_told_to_come_back() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = silent.local_addr().expect("an address");
    let settings = ["--rate-limit-per-minute", "0", "--max-in-flight", "3"];
    let gateway = Gateway::start_with(address, &settings).await;
    let waiting = futures::future::join_all((0..3).map(|_| gateway.get("/api/v1/products")));
    let one_more = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        (gateway.get("/api/v1/products").await, gateway.get("/health").await)
    };
    let (_, (answer, health)) = tokio::join!(waiting, one_more);
    answer.is(503, "overloaded");
    health.is(200, "");
}

#[tokio::test]
async fn a_request_under_way_is_finished_when_the_gateway_ends() {
    let nowhere = "127.0.0.1:1".parse().expect("an address");
    let gateway = Gateway::start_with(nowhere, &["--rate-limit-per-minute", "0"]).await;
    let address = gateway.url.trim_start_matches("http://").to_owned();
    let mut connection = TcpStream::connect(&address).await.expect("a connection");
    let head = format!(
        "POST /api/v1/admin/products HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: 2\r\n\r\n{{",
        gateway.signer().admin()
    );
    connection.write_all(head.as_bytes()).await.expect("sent");
    tokio::time::sleep(Duration::from_millis(200)).await;
    gateway.runtime.drain();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(TcpStream::connect(&address).await.is_err(), "nobody new is let in");

    connection.write_all(b"}").await.expect("sent");
    let mut answer = String::new();
    connection.read_to_string(&mut answer).await.expect("an answer and then the end");
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("invalid_request"), "{answer}");
}

/// What a customer with something in the cart asks, and which parts it takes to answer.
const ASKED: [(&str, &[Part]); 11] = [
    ("/api/v1/products", &[Part::Catalog]),
    ("/api/v1/categories", &[Part::Catalog]),
    ("/api/v1/me", &[Part::User]),
    ("/api/v1/addresses", &[Part::User]),
    ("/api/v1/wishlist", &[Part::User]),
    ("/api/v1/cart", &[Part::Cart, Part::Catalog]),
    ("/api/v1/shipping/quotes?zip_code=&country=US", &[Part::Cart, Part::Catalog, Part::Shipping]),
    ("/api/v1/payment-methods", &[Part::Payment]),
    ("/api/v1/orders", &[Part::Order]),
    ("/api/v1/admin/notifications", &[Part::Notification]),
    ("/api/v1/admin/stats", &[Part::Order, Part::Catalog, Part::Notification]),
];

async fn ask(shop: &Shop, customer: &Customer<'_>, path: &str) -> Answer {
    match path.contains("/admin/") {
        true => shop.gateway.admin(Method::GET, path).send().await,
        false => customer.get(path).await,
    }
}

/// Whether calls to a part are turned away at once.
fn is_open(gateway: &Gateway, part: Part) -> bool {
    let line = format!("gateway_breaker_open{{target=\"{}\"}} 1", part.name());
    gateway.runtime.metrics().text().contains(&line)
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn a_part_that_is_away_takes_its_own_routes_along_and_no_others(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let ada = shop.customer().await;
    let body = json!({"product_id": shop.product("laptop-backpack").await, "quantity": 1});
    ada.post("/api/v1/cart/items", &body).await.is(201, "");
    for part in Part::ALL {
        shop.services.end(part).await;
        // Long enough for the breaker to open.
        for _ in 0..8 {
            for (path, needed) in ASKED {
                let answer = ask(&shop, &ada, path).await;
                match needed.contains(&part) {
                    true => answer.is(503, "unavailable"),
                    false => answer.is(200, ""),
                };
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(is_open(&shop.gateway, part), "{part:?}");
        shop.services.begin(part).await;
        let all_answer = async {
            for (path, _) in ASKED {
                while ask(&shop, &ada, path).await.status != 200 {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        };
        let patience = Duration::from_secs(15);
        tokio::time::timeout(patience, all_answer).await.unwrap_or_else(|_| panic!("{part:?}"));
        assert!(!is_open(&shop.gateway, part), "{part:?}");
    }
}

#[tokio::test]
async fn a_part_that_is_away_is_left_alone_and_answered_for_at_once() {
    // It takes connections and says nothing: each call costs its caller the whole deadline.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let settings = ["--rate-limit-per-minute", "0", "--user-url", &url];
    let nowhere = "127.0.0.1:1".parse().expect("an address");
    let gateway = Gateway::start_with(nowhere, &settings).await;
    let me = || gateway.admin(Method::GET, "/api/v1/me").send();
    for answer in futures::future::join_all((0..5).map(|_| me())).await {
        answer.is(504, "deadline_exceeded");
    }
    // They all failed at the same moment, which might be one pod of many; the next one tells.
    tokio::time::sleep(Duration::from_millis(600)).await;
    me().await.is(504, "deadline_exceeded");
    assert!(is_open(&gateway, Part::User));
    let began = Instant::now();
    assert_eq!(me().await.is(503, "unavailable").header("retry-after"), "1");
    assert!(began.elapsed() < Duration::from_millis(500));
}
