//! Wishlist, cart, shipping quotes and payment methods.

use futures::future::join_all;
use kit::Env;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::shop::{Customer, Response, Shop, text};

const CART: &str = "/api/v1/cart";
const ITEMS: &str = "/api/v1/cart/items";
const METHODS: &str = "/api/v1/payment-methods";

fn item(product: &str, quantity: i64) -> Value {
    json!({"product_id": product, "quantity": quantity})
}

fn card() -> Value {
    json!({"card_number": "4242 4242 4242 4242", "exp_month": 12, "exp_year": 2040, "cvv": "123"})
}

fn quantities(cart: &Value) -> Vec<i64> {
    let items = cart["items"].as_array().expect("items");
    items.iter().map(|item| item["quantity"].as_i64().expect("a quantity")).collect()
}

#[tokio::test]
async fn wishlist_shows_current_products() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let wish = async |id: &str| ada.post("/api/v1/wishlist", &json!({"product_id": id})).await;
    let backpack = shop.product_id("laptop-backpack").await;
    let deleted = shop.create_product(1).await;
    wish(&backpack).await.is(201, "");
    wish(&deleted).await.is(201, "");
    let list = wish(&backpack).await.is(201, "").json();
    assert_eq!(list["items"].as_array().map(Vec::len), Some(2));
    wish(&Uuid::from_u128(7).to_string()).await.is(404, "product_not_found");
    assert_eq!(wish("no id").await.is(400, "invalid_request").fields()[0].1, "invalid_uuid");

    let path = format!("/api/v1/admin/products/{deleted}");
    shop.gateway.admin(Method::DELETE, &path).send().await.is(204, "");
    let list = ada.get("/api/v1/wishlist").await.is(200, "").json();
    let shown: Vec<_> =
        list["items"].as_array().expect("items").iter().map(|item| &item["product"]).collect();
    assert_eq!(shown[0], &Value::Null, "deleted");
    assert_eq!(shown[1]["name"], "Laptop Backpack");
    wish(&deleted).await.is(404, "product_not_found");
    for _ in 0..2 {
        ada.delete(&format!("/api/v1/wishlist/{deleted}")).await.is(204, "");
    }
    assert_eq!(ada.get("/api/v1/wishlist").await.json()["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn cart_is_filled_updated_and_cleared() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let empty = ada.get(CART).await.is(200, "").json();
    assert_eq!((&empty["items"], &empty["expires_at"]), (&json!([]), &Value::Null));
    let backpack = shop.product_id("laptop-backpack").await;
    let mut cheap = item(&backpack, 2);
    cheap["unit_price"] = json!({"amount_cents": 1, "currency": "USD"});
    let cart = ada.post(ITEMS, &cheap).await.is(201, "").json();
    assert_eq!(cart["items"][0]["unit_price"], json!({"amount_cents": 5900, "currency": "USD"}));
    assert_eq!(cart["total"], json!({"amount_cents": 11800, "currency": "USD"}));

    let expected = [("quantity".to_owned(), "out_of_range".to_owned())];
    for quantity in [0, 100, -1] {
        let response = ada.post(ITEMS, &item(&backpack, quantity)).await;
        assert_eq!(response.is(400, "invalid_request").fields(), expected);
        let path = format!("{ITEMS}/{backpack}");
        let response = ada.put(&path, &json!({"quantity": quantity})).await;
        assert_eq!(response.is(400, "invalid_request").fields(), expected);
    }
    let response = ada.post(ITEMS, &item(&backpack, 98)).await;
    response.is(400, "quantity_too_large");
    assert_eq!(response.fields()[0].0, "quantity");
    let response = ada.post(ITEMS, &json!({"product_id": 1, "quantity": "2"})).await;
    assert_eq!(response.is(400, "invalid_request").fields().len(), 2);
    let unknown_id = Uuid::from_u128(7).to_string();
    ada.post(ITEMS, &item(&unknown_id, 1)).await.is(404, "product_not_found");
    let absent = format!("{ITEMS}/{unknown_id}");
    ada.put(&absent, &json!({"quantity": 1})).await.is(404, "cart_item_not_found");
    assert_eq!(
        quantities(&ada.get(CART).await.json()),
        [2],
        "the rejected requests changed nothing"
    );

    let path = format!("{ITEMS}/{backpack}");
    let cart = ada.put(&path, &json!({"quantity": 99})).await.is(200, "").json();
    assert_eq!(quantities(&cart), [99]);
    for _ in 0..2 {
        assert_eq!(quantities(&ada.delete(&path).await.is(200, "").json()), [0_i64; 0]);
    }
    ada.delete(&format!("{ITEMS}/no-id")).await.is(404, "not_found");
    ada.post(ITEMS, &item(&backpack, 1)).await.is(201, "");
    ada.delete(CART).await.is(204, "");
    assert_eq!(ada.get(CART).await.json()["items"], json!([]));
}

#[tokio::test]
async fn concurrent_additions_are_summed() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let backpack = shop.product_id("laptop-backpack").await;
    let body = item(&backpack, 2);
    for response in join_all((0..20).map(|_| ada.post(ITEMS, &body))).await {
        response.is(201, "");
    }
    assert_eq!(quantities(&ada.get(CART).await.json()), [40]);
}

#[tokio::test]
async fn deleted_product_stays_in_cart_but_not_in_total() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let deleted = shop.create_product(100).await;
    ada.post(ITEMS, &item(&deleted, 3)).await.is(201, "");
    let path = format!("/api/v1/admin/products/{deleted}");
    shop.gateway.admin(Method::DELETE, &path).send().await.is(204, "");
    let cart = ada.get(CART).await.is(200, "").json();
    assert_eq!(cart["items"][0]["available"], false);
    assert_eq!(cart["total"]["amount_cents"], 0);
    quotes(&ada).await.is(409, "cart_empty");
}

#[tokio::test]
async fn destination_is_a_country_of_iso_3166() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let address = |country: &str| {
        json!({"label": "", "address":
            {"street": "1 High Street", "city": "London", "country": country}})
    };
    for (country, hint) in [("UK", "GB"), ("XX", "ISO 3166-1"), ("USA", "ISO 3166-1")] {
        let quotes = ada.get(&format!("/api/v1/shipping/quotes?zip_code=&country={country}")).await;
        let saved = ada.post("/api/v1/addresses", &address(country)).await;
        let order = json!({"payment_method_id": "pm_test_visa",
            "shipping_address": address(country)["address"]});
        let order = ada.post("/api/v1/orders", &order).await;
        for (response, field) in
            [(quotes, "country"), (saved, "address.country"), (order, "shipping_address.country")]
        {
            let problem = response.is(400, "invalid_request").json();
            let error = &problem["errors"][0];
            assert_eq!((&error["field"], &error["code"]), (&json!(field), &json!("unknown_value")));
            assert!(text(&error["detail"]).contains(hint), "{error}");
        }
    }
    for (country, stored) in [("xk", "XK"), (" gb", "GB")] {
        let saved = ada.post("/api/v1/addresses", &address(country)).await;
        assert_eq!(saved.is(201, "").json()["address"]["country"], stored);
    }
}

async fn quotes(customer: &Customer<'_>) -> Response {
    customer.get("/api/v1/shipping/quotes?zip_code=62701&country=US").await
}

#[tokio::test]
async fn quotes_depend_on_cart_weight_cheapest_first() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    quotes(&ada).await.is(409, "cart_empty");
    let (light, unknown) = (shop.create_product(250).await, shop.create_product(500).await);
    ada.post(ITEMS, &item(&light, 2)).await.is(201, "");
    ada.post(ITEMS, &item(&unknown, 1)).await.is(201, "");
    let quoted = quotes(&ada).await.is(200, "").json();
    let costs: Vec<_> = quoted["quotes"]
        .as_array()
        .expect("quotes")
        .iter()
        .map(|quote| quote["cost"]["amount_cents"].as_i64().expect("cents"))
        .collect();
    assert_eq!(costs, [600, 650, 670, 680, 850]);
    assert_eq!(quoted["quotes"][0]["service"], "First Class");
    for (query, fields) in [
        ("", &["zip_code", "country"][..]),
        ("?zip_code=62701&country=USA", &["country"]),
        ("?zip_code=123456789012345678901&country=US&country=DE", &["country", "zip_code"]),
    ] {
        let response = ada.get(&format!("/api/v1/shipping/quotes{query}")).await;
        let named: Vec<_> = response.is(400, "invalid_request").fields();
        assert_eq!(named.iter().map(|(field, _)| &**field).collect::<Vec<_>>(), fields);
    }
}

#[tokio::test]
async fn cards_are_saved_without_their_numbers() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let first = ada.post(METHODS, &card()).await.is(201, "").json();
    assert_eq!((&first["brand"], &first["last_four"]), (&json!("visa"), &json!("4242")));
    assert_eq!(first["is_default"], true);
    let mut declining = card();
    declining["card_number"] = "4000000000000002".into();
    let second = ada.post(METHODS, &declining).await.is(201, "").json();
    assert_eq!(second["is_default"], false);
    let path = format!("{METHODS}/{}", text(&second["id"]));
    let chosen = ada.request(Method::PUT, &format!("{path}/default")).send().await;
    assert_eq!(chosen.is(200, "").json()["is_default"], true);
    let list = ada.get(METHODS).await;
    assert_eq!(list.is(200, "").json()["payment_methods"][0]["id"], second["id"]);
    assert!(!String::from_utf8_lossy(&list.bytes).contains("4242424242"));
    ada.delete(&path).await.is(204, "");
    let deleted = ada.request(Method::PUT, &format!("{path}/default")).send().await;
    deleted.is(404, "payment_method_not_found");

    let wrong = json!({"card_number": 4242, "exp_month": 13, "exp_year": "2040", "is_default": 1});
    let response = ada.post(METHODS, &wrong).await;
    let named: Vec<_> = response.is(400, "invalid_request").fields();
    let named: Vec<_> = named.iter().map(|(field, code)| (&**field, &**code)).collect();
    let expected = [
        ("card_number", "wrong_type"),
        ("exp_year", "wrong_type"),
        ("exp_month", "out_of_range"),
        ("cvv", "required"),
        ("is_default", "wrong_type"),
    ];
    assert_eq!(named, expected);
    let wrong = json!({
        "card_number": "4242424242424241", "exp_month": 1, "exp_year": 2020, "cvv": "12a",
    });
    let response = ada.post(METHODS, &wrong).await;
    let named = response.is(400, "invalid_request").fields();
    let named: Vec<_> = named.iter().map(|(field, _)| &**field).collect();
    assert_eq!(named, ["card_number", "exp_year", "cvv"]);
    // An invalid type or range of one field hides no other field.
    for (wrong, expected) in [
        (
            json!({"card_number": "4242424242424241", "exp_month": 13, "exp_year": 2020,
                "cvv": "12a", "is_default": "no"}),
            &["card_number", "exp_month", "exp_year", "cvv", "is_default"][..],
        ),
        (
            json!({"card_number": "4242424242424241", "exp_month": "12", "exp_year": 20400,
                "cvv": 123}),
            &["card_number", "exp_month", "exp_year", "cvv"],
        ),
        (
            json!({"card_number": "378282246310005", "exp_month": 99_999_999_999_i64,
                "cvv": "123"}),
            &["exp_month", "exp_year", "cvv"],
        ),
    ] {
        let response = ada.post(METHODS, &wrong).await;
        let fields = response.is(400, "invalid_request").fields();
        let mut named: Vec<_> = fields.iter().map(|(field, _)| &**field).collect();
        let mut expected = expected.to_vec();
        named.sort_unstable();
        expected.sort_unstable();
        assert_eq!(named, expected, "{wrong}");
    }
}

#[tokio::test]
async fn repeated_idempotency_key_returns_the_first_result() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let key = format!("card {}", Env::system().uuid());
    let add = |body: Value| {
        ada.request(Method::POST, METHODS).header("idempotency-key", &key).json(&body).send()
    };
    let first = add(card()).await;
    assert_eq!(first.is(201, "").header("idempotency-replayed"), "");
    let repeated = add(card()).await;
    assert_eq!(repeated.is(201, "").header("idempotency-replayed"), "true");
    assert_eq!(repeated.json(), first.json());
    let mut other = card();
    other["exp_year"] = 2041.into();
    add(other).await.is(422, "idempotency_key_reused");
    assert_eq!(methods(&ada).await.len(), 1);
    // Idempotency keys are scoped to the customer.
    let bob = shop.customer().await;
    let call = bob.request(Method::POST, METHODS).header("idempotency-key", &key).json(&card());
    assert_eq!(call.send().await.is(201, "").header("idempotency-replayed"), "");

    for wrong in ["", "a\tb", &"x".repeat(256)] {
        let call = ada.request(Method::POST, METHODS).header("idempotency-key", wrong);
        let response = call.json(&card()).send().await;
        assert_eq!(response.is(400, "invalid_request").fields()[0].0, "Idempotency-Key");
    }
}

#[tokio::test]
async fn concurrent_requests_with_one_key_save_one_card() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let key = Env::system().uuid().to_string();
    let add =
        || ada.request(Method::POST, METHODS).header("idempotency-key", &key).json(&card()).send();
    for response in join_all((0..10).map(|_| add())).await {
        let result = response.status_and_code();
        assert!(result.0 == 201 || result == (409, "request_in_progress".to_owned()), "{result:?}");
    }
    assert_eq!(methods(&ada).await.len(), 1);
}

async fn methods(customer: &Customer<'_>) -> Vec<Value> {
    let list = customer.get(METHODS).await.is(200, "").json();
    list["payment_methods"].as_array().expect("methods").clone()
}
