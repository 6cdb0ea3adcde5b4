//! What a customer does before there is an order.

use futures::future::join_all;
use kit::Env;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use crate::shop::{Answer, Customer, Shop, text};

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

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn a_wishlist_shows_products_as_they_are_now(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let ada = shop.customer().await;
    let wish = async |id: &str| ada.post("/api/v1/wishlist", &json!({"product_id": id})).await;
    let backpack = shop.product("laptop-backpack").await;
    let doomed = shop.product_of(1).await;
    wish(&backpack).await.is(201, "");
    wish(&doomed).await.is(201, "");
    let list = wish(&backpack).await.is(201, "").json();
    assert_eq!(list["items"].as_array().map(Vec::len), Some(2));
    wish(&Uuid::from_u128(7).to_string()).await.is(404, "product_not_found");
    assert_eq!(wish("no id").await.is(400, "invalid_request").fields()[0].1, "invalid_uuid");

    let path = format!("/api/v1/admin/products/{doomed}");
    shop.gateway.admin(Method::DELETE, &path).send().await.is(204, "");
    let list = ada.get("/api/v1/wishlist").await.is(200, "").json();
    let shown: Vec<_> =
        list["items"].as_array().expect("items").iter().map(|item| &item["product"]).collect();
    assert_eq!(shown[0], &Value::Null, "gone");
    assert_eq!(shown[1]["name"], "Laptop Backpack");
    wish(&doomed).await.is(404, "product_not_found");
    for _ in 0..2 {
        ada.delete(&format!("/api/v1/wishlist/{doomed}")).await.is(204, "");
    }
    assert_eq!(ada.get("/api/v1/wishlist").await.json()["items"].as_array().map(Vec::len), Some(1));
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn a_cart_is_filled_changed_and_emptied(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let ada = shop.customer().await;
    let empty = ada.get(CART).await.is(200, "").json();
    assert_eq!((&empty["items"], &empty["expires_at"]), (&json!([]), &Value::Null));
    let backpack = shop.product("laptop-backpack").await;
    let mut cheap = item(&backpack, 2);
    cheap["unit_price"] = json!({"amount_cents": 1, "currency": "USD"});
    let cart = ada.post(ITEMS, &cheap).await.is(201, "").json();
    assert_eq!(cart["items"][0]["unit_price"], json!({"amount_cents": 5900, "currency": "USD"}));
    assert_eq!(cart["total"], json!({"amount_cents": 11800, "currency": "USD"}));

    let expected = [("quantity".to_owned(), "out_of_range".to_owned())];
    for quantity in [0, 100, -1] {
        let answer = ada.post(ITEMS, &item(&backpack, quantity)).await;
        assert_eq!(answer.is(400, "invalid_request").fields(), expected);
        let path = format!("{ITEMS}/{backpack}");
        let answer = ada.put(&path, &json!({"quantity": quantity})).await;
        assert_eq!(answer.is(400, "invalid_request").fields(), expected);
    }
    let answer = ada.post(ITEMS, &item(&backpack, 98)).await;
    answer.is(400, "quantity_too_large");
    assert_eq!(answer.fields()[0].0, "quantity");
    let answer = ada.post(ITEMS, &json!({"product_id": 1, "quantity": "2"})).await;
    assert_eq!(answer.is(400, "invalid_request").fields().len(), 2);
    let nobody = Uuid::from_u128(7).to_string();
    ada.post(ITEMS, &item(&nobody, 1)).await.is(404, "product_not_found");
    let absent = format!("{ITEMS}/{nobody}");
    ada.put(&absent, &json!({"quantity": 1})).await.is(404, "cart_item_not_found");
    assert_eq!(quantities(&ada.get(CART).await.json()), [2], "nothing of this changed it");

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

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn concurrent_additions_all_count(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let ada = shop.customer().await;
    let backpack = shop.product("laptop-backpack").await;
    let body = item(&backpack, 2);
    for answer in join_all((0..20).map(|_| ada.post(ITEMS, &body))).await {
        answer.is(201, "");
    }
    assert_eq!(quantities(&ada.get(CART).await.json()), [40]);
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn a_product_that_is_gone_is_shown_and_not_counted(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let ada = shop.customer().await;
    let doomed = shop.product_of(100).await;
    ada.post(ITEMS, &item(&doomed, 3)).await.is(201, "");
    let path = format!("/api/v1/admin/products/{doomed}");
    shop.gateway.admin(Method::DELETE, &path).send().await.is(204, "");
    let cart = ada.get(CART).await.is(200, "").json();
    assert_eq!(cart["items"][0]["available"], false);
    assert_eq!(cart["total"]["amount_cents"], 0);
    quotes(&ada).await.is(409, "cart_empty");
}

async fn quotes(customer: &Customer<'_>) -> Answer {
    customer.get("/api/v1/shipping/quotes?zip_code=62701&country=US").await
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn quotes_are_those_of_the_carts_weight_cheapest_first(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let ada = shop.customer().await;
    quotes(&ada).await.is(409, "cart_empty");
    let (light, unknown) = (shop.product_of(250).await, shop.product_of(500).await);
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
        let answer = ada.get(&format!("/api/v1/shipping/quotes{query}")).await;
        let named: Vec<_> = answer.is(400, "invalid_request").fields();
        assert_eq!(named.iter().map(|(field, _)| &**field).collect::<Vec<_>>(), fields);
    }
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn cards_are_saved_and_their_numbers_are_not(pool: PgPool) {
    let shop = Shop::open(&pool).await;
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
    let gone = ada.request(Method::PUT, &format!("{path}/default")).send().await;
    gone.is(404, "payment_method_not_found");

    let wrong = json!({"card_number": 4242, "exp_month": 13, "exp_year": "2040", "is_default": 1});
    let answer = ada.post(METHODS, &wrong).await;
    let named: Vec<_> = answer.is(400, "invalid_request").fields();
    let named: Vec<_> = named.iter().map(|(field, code)| (&**field, &**code)).collect();
    let expected = [
        ("card_number", "wrong_type"),
        ("exp_month", "out_of_range"),
        ("exp_year", "wrong_type"),
        ("cvv", "required"),
        ("is_default", "wrong_type"),
    ];
    assert_eq!(named, expected);
    let wrong = json!({
        "card_number": "4242424242424241", "exp_month": 1, "exp_year": 2020, "cvv": "12a",
    });
    let answer = ada.post(METHODS, &wrong).await;
    let named = answer.is(400, "invalid_request").fields();
    let named: Vec<_> = named.iter().map(|(field, _)| &**field).collect();
    assert!(named.contains(&"card_number") && named.contains(&"cvv"), "{named:?}");
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn a_repeated_key_is_answered_with_the_first_result(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let ada = shop.customer().await;
    let key = format!("card {}", Env::system().uuid());
    let add = |body: Value| {
        ada.request(Method::POST, METHODS).header("idempotency-key", &key).json(&body).send()
    };
    let first = add(card()).await;
    assert_eq!(first.is(201, "").header("idempotency-replayed"), "");
    let again = add(card()).await;
    assert_eq!(again.is(201, "").header("idempotency-replayed"), "true");
    assert_eq!(again.json(), first.json());
    let mut other = card();
    other["cvv"] = "321".into();
    add(other).await.is(422, "idempotency_key_reused");
    assert_eq!(methods(&ada).await.len(), 1);
    // The key is the customer's own.
    let bob = shop.customer().await;
    let call = bob.request(Method::POST, METHODS).header("idempotency-key", &key).json(&card());
    assert_eq!(call.send().await.is(201, "").header("idempotency-replayed"), "");

    for wrong in ["", "a\tb", &"x".repeat(256)] {
        let call = ada.request(Method::POST, METHODS).header("idempotency-key", wrong);
        let answer = call.json(&card()).send().await;
        assert_eq!(answer.is(400, "invalid_request").fields()[0].0, "Idempotency-Key");
    }
}

#[sqlx::test(migrator = "catalog::MIGRATOR")]
async fn one_key_at_once_saves_one_card(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let ada = shop.customer().await;
    let key = Env::system().uuid().to_string();
    let add =
        || ada.request(Method::POST, METHODS).header("idempotency-key", &key).json(&card()).send();
    for answer in join_all((0..10).map(|_| add())).await {
        let told = answer.told();
        assert!(told.0 == 201 || told == (409, "request_in_progress".to_owned()), "{told:?}");
    }
    assert_eq!(methods(&ada).await.len(), 1);
}

async fn methods(customer: &Customer<'_>) -> Vec<Value> {
    let list = customer.get(METHODS).await.is(200, "").json();
    list["payment_methods"].as_array().expect("methods").clone()
}
