//! The event stream of an order.

use std::time::Duration;

use futures::StreamExt as _;
use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use shop_fixture::Service;
use testing::EventBlocks;
use tokio::time::timeout;

use crate::orders::{order_path, place_order};
use crate::shop::{Customer, Shop, text};

/// Longest wait until the place of a closed stream is released.
const TIMEOUT: Duration = Duration::from_secs(10);

fn events_path(order: &Value) -> String {
    format!("{}/events", order_path(order))
}

/// Requests the event stream of an order, as a client at this address.
async fn open_as(customer: &Customer<'_>, order: &Value, address: &str) -> reqwest::Response {
    let token = text(&customer.tokens["access_token"]);
    reqwest::Client::new()
        .get(format!("{}{}", customer.gateway_url(), events_path(order)))
        .header("authorization", format!("Bearer {token}"))
        .header("accept-encoding", "gzip")
        .header("x-forwarded-for", address)
        .send()
        .await
        .expect("a response")
}

/// An open event stream.
struct Events(EventBlocks);

impl Events {
    async fn open(customer: &Customer<'_>, order: &Value) -> Self {
        Self(EventBlocks::new(open_as(customer, order, "192.0.2.1").await))
    }

    /// Returns the order of the next event; `None` when the stream has ended.
    async fn next(&mut self) -> Option<Value> {
        let block = self.0.next().await?;
        let data = block.strip_prefix("event: order\ndata: ").unwrap_or_else(|| panic!("{block}"));
        Some(serde_json::from_str(data).expect("JSON in one line"))
    }
}

#[tokio::test]
async fn current_state_is_followed_by_changes() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let product = shop.create_product(100).await;
    let order = place_order(&ada, &product, 1).await;
    let mut events = Events::open(&ada, &order).await;
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store"),
        ("x-accel-buffering", "no"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(events.0.response.headers()[name], value);
    }
    assert!(!events.0.response.headers().contains_key("content-encoding"));
    let first = events.next().await.expect("the current state");
    for member in ["id", "number", "status", "total", "items", "history"] {
        assert_eq!(first[member], order[member], "{member}");
    }

    let path = format!("/api/v1/admin/orders/{}/status", text(&order["id"]));
    let change = shop.gateway.admin(Method::POST, &path).json(&json!({"status": "processing"}));
    change.send().await.is(200, "");
    let changed = loop {
        // The order has left the cart, which changes only the time of the last change.
        let state = events.next().await.expect("an event");
        if state["status"] == "processing" {
            break state;
        }
    };
    let stored = ada.get(&order_path(&order)).await.is(200, "").json();
    assert_eq!(changed, stored);
}

#[tokio::test]
async fn order_of_another_customer_is_not_found() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let (ada, eve) = (shop.customer().await, shop.customer().await);
    let product = shop.create_product(100).await;
    let order = place_order(&ada, &product, 1).await;
    eve.get(&events_path(&order)).await.is(404, "order_not_found");
    ada.get("/api/v1/orders/7/events").await.is(404, "not_found");
    shop.gateway.get(&events_path(&order)).await.is(401, "unauthenticated");
}

#[tokio::test]
async fn client_has_four_streams() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let product = shop.create_product(100).await;
    let order = place_order(&ada, &product, 1).await;
    let mut open = join_all((0..4).map(|_| Events::open(&ada, &order))).await;
    let call = ada.request(Method::GET, &events_path(&order));
    let refused = call.header("x-forwarded-for", "192.0.2.1").send().await;
    refused.is(429, "too_many_streams");
    let other = open_as(&ada, &order, "192.0.2.2").await;
    assert_eq!(other.status(), 200, "another client");

    open.pop();
    let is_free = async {
        while open_as(&ada, &order, "192.0.2.1").await.status() != 200 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(TIMEOUT, is_free).await.expect("the place is released");
}

#[tokio::test]
async fn many_open_streams_do_not_keep_others_from_being_served() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let product = shop.create_product(100).await;
    let order = place_order(&ada, &product, 1).await;
    // More than the 4 MiB of responses have room for, if a stream counted with its buffer.
    let addresses: Vec<_> = (0..80).map(|number| format!("192.0.2.{}", number / 4)).collect();
    let opening = futures::stream::iter(&addresses);
    let open = async |address: &String| {
        // A busy machine may time out.
        loop {
            let response = open_as(&ada, &order, address).await;
            if response.status() == 200 {
                return response;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let opening = opening.map(open).buffer_unordered(8).collect::<Vec<_>>();
    let streams = timeout(Duration::from_secs(60), opening).await.expect("all streams are open");
    let call = ada.request(Method::GET, &order_path(&order));
    call.header("x-forwarded-for", "192.0.2.1").send().await.is(200, "");
    drop(streams);
}

#[tokio::test]
async fn streams_end_when_the_gateway_or_the_order_service_drains() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let product = shop.create_product(100).await;
    let order = place_order(&ada, &product, 1).await;
    let mut events = Events::open(&ada, &order).await;
    events.next().await.expect("the current state");
    shop.services.stop(Service::Order).await;
    assert_eq!(events.next().await, None);

    shop.services.start_service(Service::Order).await;
    shop.wait_until_ready(Service::Order).await;
    let mut events = Events::open(&ada, &order).await;
    events.next().await.expect("the current state");
    shop.gateway.runtime.drain();
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn stream_ends_with_its_session() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let product = shop.create_product(100).await;
    let order = place_order(&ada, &product, 1).await;
    let mut events = Events::open(&ada, &order).await;
    events.next().await.expect("the current state");
    let tokens = json!({"refresh_token": ada.refresh_token()});
    ada.post("/api/v1/auth/logout", &tokens).await.is(204, "");
    assert_eq!(events.next().await, None);
}
