//! Outages behind the gateway: 503 or 504 in bounded time, never 500.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use shop_fixture::Service;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::shop::{Catalog, Customer, Gateway, Response, Shop};

#[tokio::test]
async fn stopped_catalog_is_503_until_it_is_back() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let catalog = Catalog::seeded(database.pool()).await;
    let address = catalog.address();
    let gateway = Gateway::start(catalog.address()).await;
    gateway.get("/api/v1/products").await.is(200, "");
    catalog.stop().await;
    let unavailable = async || {
        while gateway.get("/api/v1/products").await.status == 200 {}
    };
    let timeout = Duration::from_secs(10);
    tokio::time::timeout(timeout, unavailable())
        .await
        .expect("no possibly stale response is served");
    for path in [
        "/api/v1/products",
        "/api/v1/products/search?q=a",
        "/api/v1/products/1984",
        "/api/v1/categories",
    ] {
        let start = Instant::now();
        let response = gateway.get(path).await;
        response.is(503, "unavailable");
        assert_eq!(response.header("retry-after"), "1");
        assert!(start.elapsed() < Duration::from_secs(3), "{path} took {:?}", start.elapsed());
    }
    let body = json!({"name": "A", "price": {"amount_cents": 1, "currency": "USD"}});
    let call = gateway.admin(Method::POST, "/api/v1/admin/products").json(&body);
    call.send().await.is(503, "unavailable");
    gateway.get("/health").await.is(200, "");

    let _catalog = Catalog::start_at(database.pool(), address).await;
    let available = async || {
        while gateway.get("/api/v1/products").await.status != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), available())
        .await
        .expect("the catalog is available again");
}

#[tokio::test]
async fn unreachable_database_is_503() {
    let catalog = Catalog::start_without_database().await;
    let settings = ["--rate-limit-per-minute", "0"];
    let gateway = Gateway::start_with(catalog.address(), &settings).await;
    gateway.get("/api/v1/products").await.is(503, "unavailable");
}

/// As after the loss of PostgreSQL's volume.
#[tokio::test]
async fn missing_role_database_or_tables_are_503() {
    let server = testing::postgres();
    let (_, host) = server.rsplit_once('@').expect("a user");
    let (host, _) = host.rsplit_once('/').expect("a database");
    let (with_user, _) = server.rsplit_once('/').expect("a database");
    for url in [
        format!("postgres://missing:secret@{host}/postgres"),
        format!("{with_user}/missing"),
        format!("{with_user}/postgres"),
    ] {
        let catalog = Catalog::start_with_url(&url).await;
        let settings = ["--rate-limit-per-minute", "0"];
        let gateway = Gateway::start_with(catalog.address(), &settings).await;
        gateway.get("/api/v1/products").await.is(503, "unavailable");
        gateway.get("/api/v1/categories").await.is(503, "unavailable");
    }
}

#[tokio::test]
async fn unresponsive_catalog_is_504() {
    // Accepts connections and never responds.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = silent.local_addr().expect("an address");
    let settings = ["--rate-limit-per-minute", "0", "--request-timeout", "2s"];
    let gateway = Gateway::start_with(address, &settings).await;
    let start = Instant::now();
    let origin = "http://localhost:3000";
    let call = gateway.request(Method::GET, "/api/v1/products").header("origin", origin);
    let response = call.send().await;
    response.is(504, "deadline_exceeded");
    assert_eq!(response.header("retry-after"), "1");
    assert_eq!(response.header("access-control-allow-origin"), origin);
    assert!(start.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn requests_above_the_concurrency_limit_are_503() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = silent.local_addr().expect("an address");
    let settings = ["--rate-limit-per-minute", "0", "--max-in-flight", "3"];
    let gateway = Gateway::start_with(address, &settings).await;
    let waiting = futures::future::join_all((0..3).map(|_| gateway.get("/api/v1/products")));
    let excess_request = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        (gateway.get("/api/v1/products").await, gateway.get("/health").await)
    };
    let (_, (response, health)) = tokio::join!(waiting, excess_request);
    response.is(503, "overloaded");
    health.is(200, "");
}

#[tokio::test]
async fn graceful_shutdown_finishes_requests_in_flight() {
    let unused_address = "127.0.0.1:1".parse().expect("an address");
    let gateway = Gateway::start_with(unused_address, &["--rate-limit-per-minute", "0"]).await;
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
    assert!(TcpStream::connect(&address).await.is_err(), "new connections are rejected");

    connection.write_all(b"}").await.expect("sent");
    let mut response = String::new();
    connection
        .read_to_string(&mut response)
        .await
        .expect("a response and the end of the connection");
    assert!(
        response.starts_with("HTTP/1.1 400") && response.contains("invalid_request"),
        "{response}"
    );
}

/// Requests of a customer with a filled cart, and the services that each request needs.
const REQUESTS: [(&str, &[Service]); 11] = [
    ("/api/v1/products", &[Service::Catalog]),
    ("/api/v1/categories", &[Service::Catalog]),
    ("/api/v1/me", &[Service::User]),
    ("/api/v1/addresses", &[Service::User]),
    ("/api/v1/wishlist", &[Service::User]),
    ("/api/v1/cart", &[Service::Cart, Service::Catalog]),
    (
        "/api/v1/shipping/quotes?zip_code=&country=US",
        &[Service::Cart, Service::Catalog, Service::Shipping],
    ),
    ("/api/v1/payment-methods", &[Service::Payment]),
    ("/api/v1/orders", &[Service::Order]),
    // The user service confirms administrators.
    ("/api/v1/admin/notifications", &[Service::Notification, Service::User]),
    (
        "/api/v1/admin/stats",
        &[Service::Order, Service::Catalog, Service::Notification, Service::User],
    ),
];

async fn get(shop: &Shop, customer: &Customer<'_>, path: &str) -> Response {
    match path.contains("/admin/") {
        true => shop.gateway.admin(Method::GET, path).send().await,
        false => customer.get(path).await,
    }
}

/// Whether the circuit breaker of a service is open.
fn is_open(gateway: &Gateway, service: Service) -> bool {
    let line = format!("gateway_breaker_open{{target=\"{}\"}} 1", service.name());
    gateway.runtime.metrics().text().contains(&line)
}

#[tokio::test]
async fn stopped_service_fails_only_its_own_routes() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let body = json!({"product_id": shop.product_id("laptop-backpack").await, "quantity": 1});
    ada.post("/api/v1/cart/items", &body).await.is(201, "");
    for service in Service::ALL {
        shop.services.stop(service).await;
        // Long enough for the circuit breaker to open.
        for _ in 0..8 {
            for (path, needed) in REQUESTS {
                let response = get(&shop, &ada, path).await;
                match needed.contains(&service) {
                    true => response.is(503, "unavailable"),
                    false => response.is(200, ""),
                };
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        assert!(is_open(&shop.gateway, service), "{service:?}");
        shop.services.start_service(service).await;
        let all_available = async {
            for (path, _) in REQUESTS {
                while get(&shop, &ada, path).await.status != 200 {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        };
        let timeout = Duration::from_secs(15);
        tokio::time::timeout(timeout, all_available)
            .await
            .unwrap_or_else(|_| panic!("{service:?}"));
        assert!(!is_open(&shop.gateway, service), "{service:?}");
    }
}

#[tokio::test]
async fn open_circuit_breaker_rejects_calls_immediately() {
    // Accepts connections and never responds: each call lasts until its deadline.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let settings = ["--rate-limit-per-minute", "0", "--user-url", &url];
    let unused_address = "127.0.0.1:1".parse().expect("an address");
    let gateway = Gateway::start_with(unused_address, &settings).await;
    let get_me = || gateway.admin(Method::GET, "/api/v1/me").send();
    for response in futures::future::join_all((0..5).map(|_| get_me())).await {
        response.is(504, "deadline_exceeded");
    }
    // All failed at the same moment, as with one failed pod of many; the next failure opens it.
    tokio::time::sleep(Duration::from_millis(600)).await;
    get_me().await.is(504, "deadline_exceeded");
    assert!(is_open(&gateway, Service::User));
    let start = Instant::now();
    assert_eq!(get_me().await.is(503, "unavailable").header("retry-after"), "1");
    assert!(start.elapsed() < Duration::from_millis(500));
}
