//! Previews of orders, and orders with an expected total.

use reqwest::Method;
use serde_json::{Value, json};

use crate::orders::{ORDERS, add_to_cart, address, order_request};
use crate::shop::{Customer, Shop};

const PREVIEW: &str = "/api/v1/checkout/preview";

fn cents(body: &Value, part: &str) -> i64 {
    assert_eq!(body[part]["currency"], "USD", "{part}: {body}");
    body[part]["amount_cents"].as_i64().expect("cents")
}

async fn preview(customer: &Customer<'_>) -> Value {
    let body = json!({"shipping_address": address()});
    customer.post(PREVIEW, &body).await.is(200, "").json()
}

async fn set_price(shop: &Shop, product: &str, cents: i64) {
    let path = format!("/api/v1/admin/products/{product}");
    let price = json!({"price": {"amount_cents": cents, "currency": "USD"}});
    shop.gateway.admin(Method::PUT, &path).json(&price).send().await.is(200, "");
}

#[tokio::test]
async fn preview_equals_the_order() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let empty = ada.post(PREVIEW, &json!({"shipping_address": address()})).await;
    empty.is(409, "cart_empty");
    let product = shop.create_product(1000).await;
    add_to_cart(&ada, &product, 3).await;
    let saved = ada.post("/api/v1/addresses", &json!({"address": address()})).await;
    let mut order = json!({
        "address_id": saved.is(201, "").json()["id"],
        "shipping_option": {"carrier": "FedEx", "service": "2-Day"},
    });
    let preview = ada.post(PREVIEW, &order).await.is(200, "").json();
    let parts = ["subtotal", "shipping", "tax", "total"];
    assert_eq!(parts.map(|part| cents(&preview, part)), [300, 1550, 0, 1850]);
    assert_eq!(preview["items"][0]["product_id"], json!(product));
    assert_eq!(preview["items"][0].get("id"), None);
    assert_eq!(preview["quotes"].as_array().expect("quotes").len(), 5);
    assert_eq!(preview["quotes"][0]["cost"]["amount_cents"], 800);

    order["payment_method_id"] = json!("pm_test_visa");
    order["cart_version"] = preview["cart_version"].clone();
    order["expected_total"] = preview["total"].clone();
    let made = ada.post(ORDERS, &order).await.is(201, "").json();
    for part in parts {
        assert_eq!(made[part], preview[part], "{part}");
    }
}

#[tokio::test]
async fn invalid_preview_names_its_fields() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    shop.post(PREVIEW, &json!({})).await.is(401, "unauthenticated");
    let ada = shop.customer().await;
    let wrong = ada.post(PREVIEW, &json!({"cart_version": 0, "shipping_option": {}})).await;
    wrong.is(400, "invalid_request");
    let names: Vec<_> = wrong.fields().into_iter().map(|(field, _)| field).collect();
    let expected =
        ["shipping_address", "shipping_option.carrier", "shipping_option.service", "cart_version"];
    assert_eq!(names, expected);
    let unknown = json!({"address_id": "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3aff"});
    ada.post(PREVIEW, &unknown).await.is(404, "address_not_found");
}

#[tokio::test]
async fn higher_total_is_refused_with_the_current_amounts() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let product = shop.create_product(1000).await;
    add_to_cart(&ada, &product, 1).await;
    let seen = preview(&ada).await;
    set_price(&shop, &product, 250).await;

    let order = |expected: &Value| {
        let mut order = order_request("pm_test_visa");
        order["expected_total"] = expected.clone();
        ada.request(Method::POST, ORDERS).header("idempotency-key", "key").json(&order)
    };
    let refused = order(&seen["total"]).send().await;
    refused.is(409, "total_changed");
    let field = ("expected_total".to_owned(), "total_changed".to_owned());
    assert_eq!(refused.fields(), [field]);
    let refused = refused.json();
    let parts = ["subtotal", "shipping", "tax", "total"].map(|part| cents(&refused, part));
    assert_eq!(parts, [250, 600, 0, 850]);
    let none = ada.get(ORDERS).await.is(200, "").json();
    assert_eq!(none["orders"], json!([]));

    for (expected, field, code) in [
        (json!({"amount_cents": 9999, "currency": "EUR"}), "expected_total.currency", "invalid"),
        (
            json!({"amount_cents": -1, "currency": "USD"}),
            "expected_total.amount_cents",
            "out_of_range",
        ),
        (json!(850), "expected_total", "wrong_type"),
    ] {
        let wrong = order(&expected).send().await;
        wrong.is(400, "invalid_request");
        assert_eq!(wrong.fields(), [(field.to_owned(), code.to_owned())]);
    }
    // The key is still free.
    let made = order(&refused["total"]).send().await;
    assert_eq!(made.header("idempotency-replayed"), "");
    let made = made.is(201, "").json();
    let repeated = order(&json!({"amount_cents": 1, "currency": "USD"})).send().await;
    assert_eq!(repeated.header("idempotency-replayed"), "true");
    assert_eq!(repeated.is(201, "").json()["id"], made["id"]);
}
