//! The audit log of administrators' actions.

use kit::Env;
use reqwest::Method;
use serde_json::{Value, json};

use crate::orders::place_order;
use crate::shop::{Response, Shop, text};

const AUDIT: &str = "/api/v1/admin/audit";

/// The account of the fixture's administrator.
const ADMIN: &str = "00000000-0000-0000-0000-000000000001";

async fn get(shop: &Shop, query: &str) -> Response {
    shop.gateway.admin(Method::GET, &format!("{AUDIT}?{query}")).send().await
}

/// The actions of the entries about an object, oldest first.
async fn actions(shop: &Shop, object: &str) -> Vec<String> {
    let listed = get(shop, &format!("object_id={object}")).await.is(200, "").json();
    let entries = listed["entries"].as_array().expect("entries");
    entries.iter().rev().map(|entry| text(&entry["action"])).collect()
}

async fn change(shop: &Shop, method: Method, path: &str, body: &Value) {
    let response = shop.gateway.admin(method, path).json(body).send().await;
    assert!(response.status.is_success(), "{path}: {}", response.status);
}

#[tokio::test]
async fn every_change_of_an_administrator_is_listed() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;

    let product = shop.create_product(100).await;
    let path = format!("/api/v1/admin/products/{product}");
    change(&shop, Method::PUT, &path, &json!({"name": "Desk Lamp"})).await;
    change(&shop, Method::PUT, &path, &json!({"name": "Desk Lamp"})).await;
    let movement = json!({"delta": -5, "reason": "Broken"});
    change(&shop, Method::POST, &format!("{path}/stock"), &movement).await;
    let (order, other) =
        (place_order(&ada, &product, 1).await, place_order(&ada, &product, 1).await);
    change(&shop, Method::DELETE, &path, &Value::Null).await;
    let expected = ["product.create", "product.update", "product.stock", "product.delete"];
    assert_eq!(actions(&shop, &product).await, expected, "an order is not among them");

    let category = json!({"name": format!("Light {}", Env::system().uuid())});
    let created = shop.gateway.admin(Method::POST, "/api/v1/admin/categories").json(&category);
    let category = text(&created.send().await.is(201, "").json()["id"]);
    let path = format!("/api/v1/admin/categories/{category}");
    change(&shop, Method::PUT, &path, &json!({"description": "Lamps"})).await;
    change(&shop, Method::DELETE, &path, &Value::Null).await;
    let expected = ["category.create", "category.update", "category.delete"];
    assert_eq!(actions(&shop, &category).await, expected);

    let (order, other) = (text(&order["id"]), text(&other["id"]));
    let status = |order: &str| format!("/api/v1/admin/orders/{order}/status");
    change(&shop, Method::POST, &status(&order), &json!({"status": "processing"})).await;
    let refund = json!({"amount": {"amount_cents": 1, "currency": "USD"}, "reason": "Late"});
    let path = format!("/api/v1/admin/orders/{order}/refund");
    change(&shop, Method::POST, &path, &refund).await;
    assert_eq!(actions(&shop, &order).await, ["order.status", "order.refund"]);
    change(&shop, Method::POST, &status(&other), &json!({"status": "cancelled"})).await;
    assert_eq!(actions(&shop, &other).await, ["order.cancel"]);

    let path = format!("/api/v1/admin/users/{}", ada.id());
    change(&shop, Method::PATCH, &path, &json!({"disabled": true})).await;
    assert_eq!(actions(&shop, &ada.id()).await, ["user.access"]);
}

#[tokio::test]
async fn entry_has_actor_network_request_and_changed_fields() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let product = shop.create_product(100).await;
    let path = format!("/api/v1/admin/products/{product}");
    let price = json!({"price": {"amount_cents": 250, "currency": "USD"}});
    let call = shop.gateway.admin(Method::PUT, &path).header("x-request-id", "price-change");
    // A client cannot choose the actor.
    let call = call.header("x-actor-id", "00000000-0000-0000-0000-000000000009");
    call.json(&price).send().await.is(200, "");

    let listed = get(&shop, "action=product.update").await.is(200, "").json();
    assert_eq!(listed["pagination"]["total_count"], 1);
    let entry = &listed["entries"][0];
    assert_eq!(entry["actor_id"], ADMIN);
    assert_eq!(entry["client_network"], "127.0.0.0/24");
    assert_eq!(entry["request_id"], "price-change");
    assert_eq!(entry["object_id"], json!(product));
    assert_eq!(entry["before"], json!({"price_cents": 100}));
    assert_eq!(entry["after"], json!({"price_cents": 250}));
}

#[tokio::test]
async fn audit_log_is_paged_filtered_and_only_for_administrators() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    for _ in 0..3 {
        shop.create_product(100).await;
    }
    let first = get(&shop, "page_size=2").await.is(200, "").json();
    let second = get(&shop, "page_size=2&page=2").await.is(200, "").json();
    let count = |page: &Value| page["entries"].as_array().map(Vec::len);
    assert_eq!((count(&first), count(&second)), (Some(2), Some(1)));
    assert_eq!(first["pagination"]["total_pages"], 2);
    let none = get(&shop, &format!("actor_id={}", ada.id())).await.is(200, "").json();
    assert_eq!(none["entries"], json!([]));
    let none = get(&shop, "to=2020-01-01T00:00:00Z").await.is(200, "").json();
    assert_eq!(none["entries"], json!([]));

    let wrong = get(&shop, "page=6&page_size=100&actor_id=ada&from=yesterday").await;
    let expected =
        [("actor_id", "invalid_uuid"), ("from", "invalid_time"), ("page", "out_of_range")];
    assert_eq!(wrong.fields(), expected.map(|(f, c)| (f.to_owned(), c.to_owned())));
    ada.get(AUDIT).await.is(403, "forbidden");
}

#[tokio::test]
async fn audit_log_begins_thirty_days_ago_without_from() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let (old, new) = (shop.create_product(100).await, shop.create_product(100).await);
    let age = "UPDATE audit_entries SET at = at - interval '31 days' WHERE object_id = $1::uuid";
    sqlx::query(age).bind(&old).execute(database.pool()).await.expect("an old entry");
    let listed = async |query: &str| -> Vec<String> {
        let listed = get(&shop, query).await.is(200, "").json();
        let entries = listed["entries"].as_array().expect("entries");
        entries.iter().map(|entry| text(&entry["object_id"])).collect()
    };
    assert_eq!(listed("").await, std::slice::from_ref(&new));
    assert_eq!(listed("from=2020-01-01T00:00:00Z").await, [new, old.clone()]);
    // The range ends at `to`.
    let two_days_ago = Env::system().now() - jiff::SignedDuration::from_hours(48);
    assert_eq!(listed(&format!("to={two_days_ago}")).await, [old]);
}
