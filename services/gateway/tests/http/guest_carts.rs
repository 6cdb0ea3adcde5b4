//! Carts of guests, who have no account.

use futures::future::join_all;
use kit::Env;
use reqwest::Method;
use serde_json::{Value, json};
use shop_fixture::KeyFiles;
use uuid::Uuid;

use crate::orders::{ORDERS, address};
use crate::shop::{Gateway, Response, Shop, text};

const CART: &str = "/api/v1/cart";
const ITEMS: &str = "/api/v1/cart/items";
const MERGE: &str = "/api/v1/cart/merge";
const QUOTES: &str = "/api/v1/shipping/quotes?zip_code=62701&country=US";

fn item(product: &str, quantity: i64) -> Value {
    json!({"product_id": product, "quantity": quantity})
}

fn quantities(cart: &Value) -> Vec<i64> {
    let items = cart["items"].as_array().expect("items");
    items.iter().map(|item| item["quantity"].as_i64().expect("a quantity")).collect()
}

/// Returns a token that the gateway has not issued.
fn unknown_token() -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(Env::system().bytes::<32>())
}

/// Guest with a cart.
struct Guest<'a> {
    gateway: &'a Gateway,
    token: String,
}

impl<'a> Guest<'a> {
    /// Creates a cart with these units.
    async fn new(shop: &'a Shop, product: &str, quantity: i64) -> Self {
        let created = shop.post(ITEMS, &item(product, quantity)).await;
        let token = text(&created.is(201, "").json()["cart_token"]);
        Self::with_token(&shop.gateway, &token)
    }

    fn with_token(gateway: &'a Gateway, token: &str) -> Self {
        Self { gateway, token: token.to_owned() }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        let call = self.gateway.request(method, path).header("cart-token", &self.token);
        match body {
            Some(body) => call.json(&body).send().await,
            None => call.send().await,
        }
    }

    async fn get(&self, path: &str) -> Response {
        self.send(Method::GET, path, None).await
    }

    async fn add(&self, product: &str, quantity: i64) -> Response {
        self.send(Method::POST, ITEMS, Some(item(product, quantity))).await
    }
}

#[tokio::test]
async fn guest_uses_cart_with_token_that_is_returned_once() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let backpack = shop.product_id("laptop-backpack").await;
    let created = shop.post(ITEMS, &item(&backpack, 2)).await;
    assert_eq!(created.is(201, "").header("cache-control"), "private, no-store");
    let cart = created.json();
    let token = text(&cart["cart_token"]);
    assert_eq!((token.len(), quantities(&cart)), (43, vec![2]));
    let guest = Guest::with_token(&shop.gateway, &token);

    let cart = guest.add(&backpack, 1).await.is(201, "").json();
    assert_eq!((quantities(&cart), &cart["cart_token"]), (vec![3], &Value::Null));
    let read = guest.get(CART).await;
    assert_eq!(read.is(200, "").header("cache-control"), "private, no-store");
    assert_eq!(read.json().get("cart_token"), None);
    assert_eq!(read.json()["total"]["amount_cents"], 3 * 5900);
    guest.get(QUOTES).await.is(200, "");
    guest.add(&backpack, 99).await.is(400, "quantity_too_large");
    guest.add(&Uuid::from_u128(7).to_string(), 1).await.is(404, "product_not_found");

    let line = format!("{ITEMS}/{backpack}");
    let set = guest.send(Method::PUT, &line, Some(json!({"quantity": 5}))).await;
    assert_eq!(quantities(&set.is(200, "").json()), [5]);
    let removed = guest.send(Method::DELETE, &line, None).await;
    assert_eq!(quantities(&removed.is(200, "").json()), [0_i64; 0]);
    guest.add(&backpack, 1).await.is(201, "");
    guest.send(Method::DELETE, CART, None).await.is(204, "");
    assert_eq!(guest.get(CART).await.json()["items"], json!([]));

    let other = Guest::new(&shop, &backpack, 1).await;
    assert_ne!(other.token, token);
    assert_eq!(quantities(&guest.get(CART).await.json()), [0_i64; 0]);
}

#[tokio::test]
async fn guest_cart_expires_after_two_days() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let guest = Guest::new(&shop, &shop.product_id("laptop-backpack").await, 1).await;
    let cart = guest.get(CART).await.json();
    let time = |name: &str| text(&cart[name]).parse::<jiff::Timestamp>().expect("a time");
    let left = time("expires_at").duration_since(time("updated_at")).as_secs();
    assert!((172_799..=172_800).contains(&left), "{left} s");
}

#[tokio::test]
async fn unknown_token_is_an_empty_cart() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let backpack = shop.product_id("laptop-backpack").await;
    let guest = Guest::with_token(&shop.gateway, &unknown_token());
    let empty = guest.get(CART).await.is(200, "").json();
    assert_eq!((&empty["items"], &empty["version"]), (&json!([]), &json!(0)));
    guest.get(QUOTES).await.is(409, "cart_empty");
    let line = format!("{ITEMS}/{backpack}");
    guest.send(Method::DELETE, &line, None).await.is(200, "");
    let set = guest.send(Method::PUT, &line, Some(json!({"quantity": 1}))).await;
    set.is(404, "cart_item_not_found");
    guest.send(Method::DELETE, CART, None).await.is(204, "");
    assert_eq!(guest.get(CART).await.json(), empty);

    // The token of an expired cart is used again.
    let cart = guest.add(&backpack, 1).await.is(201, "").json();
    assert_eq!((quantities(&cart), &cart["cart_token"]), (vec![1], &Value::Null));
    assert_eq!(quantities(&guest.get(CART).await.json()), [1]);
}

#[tokio::test]
async fn malformed_missing_and_repeated_tokens_are_rejected() {
    let unused_address = "127.0.0.1:1".parse().expect("an address");
    let gateway = Gateway::start_with(unused_address, &["--rate-limit-per-minute", "0"]).await;
    let line = format!("{ITEMS}/{}", Uuid::from_u128(7));
    for (method, path) in [
        (Method::GET, CART),
        (Method::DELETE, CART),
        (Method::POST, ITEMS),
        (Method::PUT, &line),
        (Method::DELETE, &line),
        (Method::GET, QUOTES),
    ] {
        let call = || gateway.request(method.clone(), path).json(&item("x", 1));
        if method != Method::POST {
            call().send().await.is(401, "unauthenticated");
        }
        let token = unknown_token();
        for (tokens, code) in [
            (vec!["no-token"], "invalid"),
            (vec![""], "invalid"),
            (vec![&*token, &*token], "repeated"),
        ] {
            let call = tokens.iter().fold(call(), |call, token| call.header("cart-token", token));
            let rejected = call.send().await;
            let expected = [("Cart-Token".to_owned(), code.to_owned())];
            assert_eq!(rejected.is(400, "invalid_request").fields(), expected, "{path}");
        }
        // An access token takes precedence, also an invalid one.
        call().header("cart-token", &token).bearer("x").send().await.is(401, "invalid_token");
    }
}

#[tokio::test]
async fn access_token_takes_precedence_over_cart_token() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let backpack = shop.product_id("laptop-backpack").await;
    let (ada, guest) = (shop.customer().await, Guest::new(&shop, &backpack, 7).await);
    let add = ada.request(Method::POST, ITEMS).header("cart-token", &guest.token);
    let cart = add.json(&item(&backpack, 1)).send().await.is(201, "").json();
    assert_eq!((quantities(&cart), &cart["cart_token"]), (vec![1], &Value::Null));
    for token in [&*guest.token, "malformed"] {
        let read = ada.request(Method::GET, CART).header("cart-token", token).send().await;
        assert_eq!(quantities(&read.is(200, "").json()), [1]);
    }
    assert_eq!(quantities(&guest.get(CART).await.json()), [7]);
}

#[tokio::test]
async fn guest_cart_cannot_be_ordered() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let guest = Guest::new(&shop, &shop.product_id("laptop-backpack").await, 1).await;
    let order = json!({"shipping_address": address(), "payment_method_id": "pm_test_visa"});
    for path in [ORDERS, "/api/v1/checkout/preview", MERGE] {
        let response = guest.send(Method::POST, path, Some(order.clone())).await;
        response.is(401, "unauthenticated");
    }
    assert_eq!(quantities(&guest.get(CART).await.json()), [1]);
}

#[tokio::test]
async fn guest_cart_is_merged_once_and_ordered_by_the_customer() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let (backpack, watch) =
        (shop.product_id("laptop-backpack").await, shop.product_id("smart-watch").await);
    let guest = Guest::new(&shop, &watch, 2).await;
    guest.add(&backpack, 1).await.is(201, "");
    ada.post(ITEMS, &item(&backpack, 2)).await.is(201, "");
    let body = json!({"cart_token": guest.token});
    let merged = join_all((0..4).map(|_| ada.post(MERGE, &body))).await;
    for response in &merged {
        let merged = response.is(200, "").json();
        assert_eq!((quantities(&merged), &merged["not_merged"]), (vec![3, 2], &json!([])));
    }
    assert_eq!(guest.get(CART).await.json()["items"], json!([]));
    assert_eq!(quantities(&ada.get(CART).await.json()), [3, 2]);

    let order = json!({"shipping_address": address(), "payment_method_id": "pm_test_visa"});
    ada.post(ORDERS, &order).await.is(201, "");
    ada.wait_for_empty_cart().await;
    let repeated = ada.post(MERGE, &body).await.is(200, "").json();
    assert_eq!((&repeated["items"], &repeated["not_merged"]), (&json!([]), &json!([])));

    let unknown = ada.post(MERGE, &json!({"cart_token": unknown_token()})).await;
    assert_eq!(unknown.is(200, "").json()["items"], json!([]));
    for (body, code) in [
        (json!({}), "required"),
        (json!({"cart_token": 1}), "wrong_type"),
        (json!({"cart_token": "x"}), "invalid"),
    ] {
        let expected = [("cart_token".to_owned(), code.to_owned())];
        assert_eq!(ada.post(MERGE, &body).await.is(400, "invalid_request").fields(), expected);
    }
}

#[tokio::test]
async fn merge_lists_lines_that_do_not_fit() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let mut products = Vec::new();
    while products.len() < 100 {
        // One client may not send all of them at once.
        products.extend(join_all((0..10).map(|_| shop.create_product(1))).await);
    }
    for product in &products {
        ada.post(ITEMS, &item(product, 1)).await.is(201, "");
    }
    let watch = shop.product_id("smart-watch").await;
    let guest = Guest::new(&shop, &watch, 4).await;
    guest.add(&products[0], 98).await.is(201, "");
    guest.add(&products[1], 99).await.is(201, "");
    let body = json!({"cart_token": guest.token});
    let merged = ada.post(MERGE, &body).await.is(200, "").json();
    assert_eq!(quantities(&merged)[..3], [99, 99, 1]);
    assert_eq!(merged["items"].as_array().map(Vec::len), Some(100));
    let left = &merged["not_merged"];
    assert_eq!(left.as_array().map(Vec::len), Some(1));
    assert_eq!((text(&left[0]["product_id"]), &left[0]["quantity"]), (watch, &json!(4)));
    assert_eq!(left[0]["product_name"], "Smart Watch");
    assert_eq!(ada.post(MERGE, &body).await.is(200, "").json(), merged);
}

#[tokio::test]
async fn number_of_guest_carts_per_client_is_limited() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let backpack = shop.product_id("laptop-backpack").await;
    let urls = shop.services.urls();
    let proxies = ["--trusted-proxies", "127.0.0.0/8", "--redis-url", testing::redis()];
    // A token every 20 seconds, so that none becomes available during the test.
    let limit = ["--guest-cart-limit-per-ip", "3"];
    let settings = urls.iter().map(String::as_str).chain(proxies).chain(limit);
    let settings: Vec<&str> = settings.collect();
    let gateway = Gateway::start_with_keys(KeyFiles::new("test-1"), &settings).await;
    let [a, b, c, ..] = Env::system().bytes::<4>();
    let client = format!("10.{a}.{b}.{c}");
    let add = async |token: Option<&str>, client: &str| {
        let call = gateway.request(Method::POST, ITEMS).header("x-forwarded-for", client);
        let call = token.into_iter().fold(call, |call, token| call.header("cart-token", token));
        call.json(&item(&backpack, 1)).send().await
    };
    let mut last = String::new();
    for _ in 0..3 {
        last = text(&add(None, &client).await.is(201, "").json()["cart_token"]);
    }
    let invented = unknown_token();
    for token in [None, Some(&*invented)] {
        let rejected = add(token, &client).await;
        rejected.is(429, "rate_limited");
        assert_eq!(rejected.header("ratelimit-limit"), "3");
        assert_eq!(rejected.header("ratelimit-remaining"), "0");
        let seconds: u64 = rejected.header("retry-after").parse().expect("seconds");
        assert!((1..=20).contains(&seconds), "{seconds}");
    }
    let known = add(Some(&last), &client).await.is(201, "").json();
    assert_eq!(quantities(&known), [2], "a cart that exists is not limited");
    add(None, "192.0.2.77").await.is(201, "");
}

#[tokio::test]
async fn quotes_of_a_product_are_public() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let (heavy, deleted) = (shop.create_product(1000).await, shop.create_product(1).await);
    let path = |product: &str| format!("{QUOTES}&product_id={product}");
    let quotes = shop.gateway.get(&path(&heavy)).await;
    assert_eq!(quotes.is(200, "").header("cache-control"), "private, no-store");
    let quotes = quotes.json()["quotes"].as_array().expect("quotes").clone();
    let costs: Vec<_> = quotes.iter().map(|quote| &quote["cost"]["amount_cents"]).collect();
    assert_eq!(costs, [600, 650, 670, 680, 850]);

    // Also for a guest and a customer, whose carts do not count.
    let guest = Guest::new(&shop, &deleted, 99).await;
    assert_eq!(guest.get(&path(&heavy)).await.is(200, "").json()["quotes"], json!(quotes));
    let ada = shop.customer().await;
    assert_eq!(ada.get(&path(&heavy)).await.is(200, "").json()["quotes"], json!(quotes));

    let deletion = format!("/api/v1/admin/products/{deleted}");
    shop.gateway.admin(Method::DELETE, &deletion).send().await.is(204, "");
    for product in [deleted, Uuid::from_u128(7).to_string()] {
        shop.gateway.get(&path(&product)).await.is(404, "product_not_found");
    }
    let invalid = shop.gateway.get(&format!("{QUOTES}&product_id=x&country=DE")).await;
    let fields = invalid.is(400, "invalid_request").fields();
    assert_eq!(fields[0], ("product_id".to_owned(), "invalid_uuid".to_owned()));
    assert_eq!(fields[1], ("country".to_owned(), "repeated".to_owned()));
    let stale = shop.gateway.request(Method::GET, &path(&heavy)).bearer("x");
    stale.send().await.is(401, "invalid_token");
}
