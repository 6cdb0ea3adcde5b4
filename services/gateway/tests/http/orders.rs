//! Orders of customers: checkout, refusal, repetition and cancellation.

use futures::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use shop_fixture::Service;

use crate::shop::{Customer, Response, Shop, text};

pub(crate) const ORDERS: &str = "/api/v1/orders";
const UNKNOWN_ID: &str = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3aff";

pub(crate) fn address() -> Value {
    json!({
        "recipient": "Ada Lovelace", "street": "1 Main Street", "city": "Springfield",
        "state": "IL", "zip_code": "62701", "country": "US",
    })
}

/// Returns an order request with this payment method.
pub(crate) fn order_request(method: &str) -> Value {
    json!({"shipping_address": address(), "payment_method_id": method})
}

/// Adds units of a product to the cart.
pub(crate) async fn add_to_cart(customer: &Customer<'_>, product: &str, quantity: i64) {
    let item = json!({"product_id": product, "quantity": quantity});
    customer.post("/api/v1/cart/items", &item).await.is(201, "");
}

/// Orders units of a product with a valid card.
pub(crate) async fn place_order(customer: &Customer<'_>, product: &str, quantity: i64) -> Value {
    add_to_cart(customer, product, quantity).await;
    let order = customer.post(ORDERS, &order_request("pm_test_visa")).await.is(201, "").json();
    assert_eq!(order["status"], "confirmed");
    customer.wait_for_empty_cart().await;
    order
}

pub(crate) fn order_path(order: &Value) -> String {
    format!("{ORDERS}/{}", text(&order["id"]))
}

/// Returns the available units of a product.
pub(crate) async fn stock(shop: &Shop, product: &str) -> i64 {
    // As an administrator, to bypass the cache.
    let path = format!("/api/v1/products/{product}");
    let found = shop.gateway.admin(Method::GET, &path).send().await;
    found.is(200, "").json()["stock_quantity"].as_i64().expect("units")
}

pub(crate) fn statuses(order: &Value) -> Vec<String> {
    let history = order["history"].as_array().expect("a history");
    history.iter().map(|entry| text(&entry["status"])).collect()
}

async fn order_with_key(customer: &Customer<'_>, key: &str, body: &Value) -> Response {
    let call = customer.request(Method::POST, ORDERS).header("idempotency-key", key);
    call.json(body).send().await
}

/// Returns the products that a problem names.
fn products(response: &Response) -> Vec<String> {
    let errors = response.json()["errors"].as_array().expect("errors").clone();
    errors.iter().map(|error| text(&error["product_id"])).collect()
}

#[tokio::test]
async fn cart_is_ordered_paid_and_shipped() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let product = shop.create_product(1000).await;
    add_to_cart(&ada, &product, 3).await;
    let saved = ada.post("/api/v1/addresses", &json!({"address": address()})).await;
    let order = json!({
        "address_id": saved.is(201, "").json()["id"], "payment_method_id": "pm_test_visa",
        "shipping_option": {"carrier": "FedEx", "service": "2-Day"},
    });
    let made = ada.post(ORDERS, &order).await;
    assert_eq!(made.header("idempotency-replayed"), "");
    let made = made.is(201, "").json();
    assert_eq!((&made["status"], &made["user_id"]), (&json!("confirmed"), &json!(ada.id())));
    let cents = |part: &str| made[part]["amount_cents"].as_i64().expect("cents");
    let parts = ["subtotal", "shipping", "tax", "total", "refunded"].map(cents);
    assert_eq!(parts, [300, 1550, 0, 1850, 0]);
    assert_eq!(made["shipping_address"], address());
    assert_eq!((&made["items"][0]["quantity"], &made["failure_code"]), (&json!(3), &Value::Null));
    assert_eq!(statuses(&made), ["pending", "confirmed"]);
    ada.wait_for_empty_cart().await;
    assert_eq!(stock(&shop, &product).await, 97);
    let mails = shop.mail_inbox.wait_for(2, &ada.email).await;
    assert_eq!(mails.len(), 2, "verification and confirmation");
    let number = text(&made["number"]);
    assert_eq!(mails[0]["subject"], format!("Order {number} is confirmed"));

    let found = ada.get(&order_path(&made)).await.is(200, "").json();
    assert_eq!(found["number"], number);
    assert_eq!((&found["total"], &found["history"]), (&made["total"], &made["history"]));
    let tracking = ada.get(&format!("{}/tracking", order_path(&made))).await.is(200, "").json();
    assert_eq!(tracking["shipment"]["tracking_number"], made["tracking_number"]);
    assert_eq!(tracking["shipment"]["service"], "2-Day");
    assert!(!tracking["events"].as_array().expect("events").is_empty());

    place_order(&ada, &product, 1).await;
    let page = ada.get(&format!("{ORDERS}?status=confirmed&page_size=1&page=2")).await;
    let page = page.is(200, "").json();
    assert_eq!(
        (&page["orders"][0]["id"], &page["pagination"]["total_count"]),
        (&made["id"], &json!(2))
    );
    assert_eq!(page["orders"][0]["number"], number);
    let none = ada.get(&format!("{ORDERS}?status=cancelled")).await.is(200, "").json();
    assert_eq!(none["orders"], json!([]));
    let wrong = ada.get(&format!("{ORDERS}?status=paid&page=0")).await;
    wrong.is(400, "invalid_request");
    let expected = [("page", "out_of_range"), ("status", "unknown_value")];
    assert_eq!(wrong.fields(), expected.map(|(f, c)| (f.to_owned(), c.to_owned())));
}

#[tokio::test]
async fn declined_payment_can_be_retried_with_another_card() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let product = shop.create_product(100).await;
    add_to_cart(&ada, &product, 2).await;
    let declined = ada.post(ORDERS, &order_request("pm_test_insufficient_funds")).await;
    declined.is(402, "payment_declined");
    assert_eq!(declined.json()["decline_code"], "insufficient_funds");
    let refused = ada.get(&format!("{ORDERS}/{}", text(&declined.json()["order_id"]))).await;
    let refused = refused.is(200, "").json();
    let reason = (&refused["status"], &refused["failure_code"], &refused["decline_code"]);
    assert_eq!(
        reason,
        (&json!("cancelled"), &json!("payment_declined"), &json!("insufficient_funds"))
    );
    let tracking = ada.get(&format!("{}/tracking", order_path(&refused))).await.is(200, "").json();
    assert_eq!(tracking, json!({"shipment": null, "events": []}));
    assert_eq!(stock(&shop, &product).await, 100);

    let card = json!({
        "card_number": "4242 4242 4242 4242", "exp_month": 12, "exp_year": 2040, "cvv": "123",
    });
    let card = ada.post("/api/v1/payment-methods", &card).await.is(201, "").json();
    let order = ada.post(ORDERS, &order_request(&text(&card["id"]))).await.is(201, "").json();
    assert_ne!(order["id"], refused["id"]);
    assert_eq!((&order["status"], stock(&shop, &product).await), (&json!("confirmed"), 98));
}

#[tokio::test]
async fn order_errors_name_the_unavailable_resource() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let (ada, eve) = (shop.customer().await, shop.customer().await);
    let visa = order_request("pm_test_visa");
    ada.post(ORDERS, &visa).await.is(409, "cart_empty");

    let product = shop.create_product(100).await;
    add_to_cart(&ada, &product, 2).await;
    let visa_with = |name: &str, value: Value| {
        let mut body = visa.clone();
        body[name] = value;
        body
    };
    let saved = eve.post("/api/v1/addresses", &json!({"address": address()})).await;
    for id in [saved.json()["id"].clone(), json!(UNKNOWN_ID)] {
        let mut body = visa_with("shipping_address", Value::Null);
        body["address_id"] = id;
        ada.post(ORDERS, &body).await.is(404, "address_not_found");
    }
    let card = json!({
        "card_number": "4242 4242 4242 4242", "exp_month": 12, "exp_year": 2040, "cvv": "123",
    });
    let card = eve.post("/api/v1/payment-methods", &card).await.is(201, "").json();
    for id in [&card["id"], &json!(UNKNOWN_ID)] {
        let body = visa_with("payment_method_id", id.clone());
        ada.post(ORDERS, &body).await.is(404, "payment_method_not_found");
    }
    let unknown_option = json!({"carrier": "USPS", "service": "Pigeon"});
    let response = ada.post(ORDERS, &visa_with("shipping_option", unknown_option)).await;
    assert_eq!(response.is(400, "invalid_request").fields()[0].0, "shipping_option");
    ada.post(ORDERS, &visa_with("cart_version", json!(1))).await.is(409, "cart_changed");

    let change = json!({"stock_quantity": 1});
    let admin = format!("/api/v1/admin/products/{product}");
    let call = shop.gateway.admin(Method::PUT, &admin).header("if-match", "*");
    call.json(&change).send().await.is(200, "");
    let short = ada.post(ORDERS, &visa).await;
    assert_eq!(products(short.is(409, "out_of_stock")), std::slice::from_ref(&product));
    shop.gateway.admin(Method::DELETE, &admin).send().await.is(204, "");
    let deleted = ada.post(ORDERS, &visa).await;
    assert_eq!(products(deleted.is(409, "product_unavailable")), [product]);
    assert_eq!(ada.get(ORDERS).await.json()["orders"], json!([]), "no order was created");
}

#[tokio::test]
async fn all_invalid_fields_of_an_order_are_reported() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    for (body, expected) in [
        (json!({}), &[("shipping_address", "required"), ("payment_method_id", "required")][..]),
        (
            json!({"address_id": "home", "payment_method_id": 4242, "shipping_option": [],
                "cart_version": 0}),
            &[
                ("address_id", "invalid_uuid"),
                ("payment_method_id", "wrong_type"),
                ("shipping_option", "wrong_type"),
                ("cart_version", "out_of_range"),
            ],
        ),
        (
            json!({"address_id": UNKNOWN_ID, "shipping_address": address(),
                "payment_method_id": "pm_test_visa", "shipping_option": {"carrier": " "}}),
            &[
                ("address_id", "invalid"),
                ("shipping_option.carrier", "too_short"),
                ("shipping_option.service", "required"),
            ],
        ),
        (
            json!({"shipping_address": {"street": "", "city": "Springfield", "country": "USA"},
                "payment_method_id": "pm_test_visa"}),
            &[
                ("shipping_address.street", "too_short"),
                ("shipping_address.country", "unknown_value"),
            ],
        ),
    ] {
        let response = ada.post(ORDERS, &body).await;
        let expected: Vec<_> = expected
            .iter()
            .map(|(field, code)| ((*field).to_owned(), (*code).to_owned()))
            .collect();
        assert_eq!(response.is(400, "invalid_request").fields(), expected, "{body}");
    }
    let response = order_with_key(&ada, &"k".repeat(256), &order_request("pm_test_visa")).await;
    assert_eq!(response.is(400, "invalid_request").fields()[0].0, "Idempotency-Key");
}

#[tokio::test]
async fn repeated_checkout_orders_the_cart_once() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let product = shop.create_product(100).await;
    add_to_cart(&ada, &product, 1).await;
    let visa = order_request("pm_test_visa");
    let ids: Vec<_> = join_all((0..5).map(|_| ada.post(ORDERS, &visa)))
        .await
        .iter()
        .filter(|response| {
            !matches!(response.status_and_code().1.as_str(), "cart_empty" | "order_in_progress")
        })
        .map(|response| text(&response.json()["id"]))
        .collect();
    assert!(!ids.is_empty() && ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    ada.wait_for_empty_cart().await;

    add_to_cart(&ada, &product, 1).await;
    let declined = order_with_key(&ada, "first", &order_request("pm_test_declined")).await;
    declined.is(402, "payment_declined");
    assert_eq!(declined.header("idempotency-replayed"), "");
    let repeated = order_with_key(&ada, "first", &order_request("pm_test_declined")).await;
    repeated.is(402, "payment_declined");
    assert_eq!(repeated.header("idempotency-replayed"), "true");
    assert_eq!(repeated.json()["order_id"], declined.json()["order_id"]);
    order_with_key(&ada, "first", &visa).await.is(422, "idempotency_key_reused");

    let made = order_with_key(&ada, "second", &visa).await.is(201, "").json();
    ada.wait_for_empty_cart().await;
    add_to_cart(&ada, &product, 5).await;
    let repeated = order_with_key(&ada, "second", &visa).await;
    assert_eq!(repeated.header("idempotency-replayed"), "true");
    assert_eq!(repeated.is(201, "").json()["id"], made["id"]);
    let eve = shop.customer().await;
    order_with_key(&eve, "second", &visa).await.is(409, "cart_empty");
    assert_eq!(stock(&shop, &product).await, 98);
}

#[tokio::test]
async fn cancellation_refunds_and_releases_stock() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let (ada, eve) = (shop.customer().await, shop.customer().await);
    let product = shop.create_product(100).await;
    let order = place_order(&ada, &product, 4).await;
    let path = order_path(&order);
    for (method, path) in [
        (Method::GET, path.clone()),
        (Method::GET, format!("{path}/tracking")),
        (Method::DELETE, path.clone()),
    ] {
        eve.request(method.clone(), &path).send().await.is(404, "order_not_found");
        eve.request(method, &path.replace('-', "")).send().await.is(404, "order_not_found");
    }
    ada.get(&format!("{ORDERS}/{UNKNOWN_ID}")).await.is(404, "order_not_found");
    ada.get(&format!("{ORDERS}/1")).await.is(404, "not_found");

    let too_long = format!("{path}?reason={}", "x".repeat(501));
    ada.delete(&too_long).await.is(400, "invalid_request");
    let cancelled = ada.delete(&format!("{path}?reason=Ordered+by+mistake")).await;
    let cancelled = cancelled.is(200, "").json();
    assert_eq!(statuses(&cancelled), ["pending", "confirmed", "cancelled"]);
    let last = &cancelled["history"][2];
    assert_eq!(
        (&last["notes"], &last["actor_id"]),
        (&json!("Ordered by mistake"), &json!(ada.id()))
    );
    assert_eq!(
        (&cancelled["refunded"], &cancelled["failure_code"]),
        (&order["total"], &Value::Null)
    );
    assert_eq!(stock(&shop, &product).await, 100);
    assert_eq!(ada.delete(&path).await.is(200, "").json()["history"], cancelled["history"]);
    let parcel = ada.get(&format!("{path}/tracking")).await.is(200, "").json();
    assert_eq!(parcel["shipment"]["status"], "cancelled");

    let second = order_path(&place_order(&ada, &product, 1).await);
    let call = || ada.request(Method::DELETE, &second);
    call().json(&json!({"reason": 7})).send().await.is(400, "invalid_request");
    call().body("{}").send().await.is(415, "unsupported_media_type");
    let cancelled = call().json(&json!({"reason": "Too slow"})).send().await.is(200, "").json();
    assert_eq!(cancelled["history"][2]["notes"], "Too slow");
}

#[tokio::test]
async fn slow_checkout_is_pending_and_completes_later() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let product = shop.create_product(100).await;
    add_to_cart(&ada, &product, 1).await;
    shop.services.stop(Service::Payment).await;
    let visa = order_request("pm_test_visa");
    let pending = order_with_key(&ada, "slow", &visa).await.is(202, "").json();
    assert_eq!((&pending["status"], &pending["transaction_id"]), (&json!("pending"), &Value::Null));
    add_to_cart(&ada, &product, 1).await;
    ada.post(ORDERS, &visa).await.is(409, "order_in_progress");

    shop.services.start_service(Service::Payment).await;
    let path = order_path(&pending);
    let confirmed = async {
        while ada.get(&path).await.json()["status"] != "confirmed" {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    };
    let timeout = std::time::Duration::from_secs(60);
    tokio::time::timeout(timeout, confirmed).await.expect("the checkout completes");
    let repeated = order_with_key(&ada, "slow", &visa).await;
    assert_eq!(repeated.header("idempotency-replayed"), "true");
    assert_eq!(repeated.is(201, "").json()["id"], pending["id"]);
}
