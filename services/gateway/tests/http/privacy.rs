//! A customer's journey from registration to an order, and a check that its logs contain no private
//! data. The check runs the journey in a separate process at the most verbose log level.

use std::path::PathBuf;
use std::process::Command;

use kit::Process;
use reqwest::Method;
use serde_json::{Value, json};
use testing::settings;

use crate::orders::{ORDERS, order_path};
use crate::shop::{Customer, Shop, text};

/// Environment variable of the observed process: file to write the issued tokens to.
const TOKENS_FILE_ENV: &str = "TEST_PRIVACY_TOKENS";
/// The test that the observed process runs.
const OBSERVED_TEST: &str = "privacy::customer_journey_from_registration_to_order";

const EMAIL: &str = "quentin.quiet@example.com";
const PASSWORD: &str = "password of quentin";
const NEW_PASSWORD: &str = "a newer one of quentin";
const NAME: &str = "Quentinius";
const PHONE: &str = "+1 555 0142";
const STREET: &str = "77 Quiet Street";
const CARDS: [&str; 2] = ["4242 4242 4242 4242", "5555555555554444"];

#[tokio::test]
async fn customer_journey_from_registration_to_order() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let file = std::env::var_os(TOKENS_FILE_ENV).map(PathBuf::from);
    let _logging = match file {
        Some(_) => {
            let args = settings(&["--admin-addr", "127.0.0.1:0"]);
            Some(Process::start("test", &args).await.expect("the process starts"))
        }
        None => None,
    };
    let shop = Shop::start(database.pool()).await;
    let tokens = journey(&shop).await;
    if let Some(file) = file {
        std::fs::write(file, tokens.join("\n")).expect("written");
    }
}

/// Runs the journey, and returns the issued tokens.
async fn journey(shop: &Shop) -> Vec<String> {
    let name = json!({
        "email": EMAIL, "password": PASSWORD, "first_name": NAME, "last_name": "Quiet",
    });
    let registered = shop.post("/api/v1/auth/register", &name).await.is(201, "").json();
    let pair = |password: &str| json!({"email": EMAIL, "password": password});
    shop.post("/api/v1/auth/login", &pair("not his password")).await.is(401, "invalid_credentials");
    let session = shop.post("/api/v1/auth/login", &pair(PASSWORD)).await.is(200, "").json();
    let refresh = json!({"refresh_token": session["refresh_token"]});
    let session = shop.post("/api/v1/auth/refresh", &refresh).await.is(200, "").json();
    let quentin = shop.signed_in(EMAIL, session.clone());
    quentin.put("/api/v1/me", &json!({"phone": PHONE})).await.is(200, "");
    fill_account(shop, &quentin).await;
    let cart_token = shop_as_guest(shop, &quentin).await;

    let change = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    quentin.post("/api/v1/auth/password/change", &change).await.is(204, "");
    shop.post("/api/v1/auth/password/forgot", &json!({"email": EMAIL})).await.is(202, "");
    let token = shop.mail_inbox.reset_token(EMAIL).await;
    let reset = json!({"token": token, "new_password": PASSWORD});
    shop.post("/api/v1/auth/password/reset", &reset).await.is(204, "");
    let found = shop.gateway.admin(Method::GET, &format!("/api/v1/admin/users?q={EMAIL}"));
    found.send().await.is(200, "");

    let tokens_of =
        |session: &Value| ["access_token", "refresh_token"].map(|name| text(&session[name]));
    let mut tokens = vec![token, text(&refresh["refresh_token"]), cart_token];
    tokens.extend(tokens_of(&registered));
    tokens.extend(tokens_of(&session));
    tokens
}

/// Adds an address, a wishlist entry, a cart with quotes, valid cards and an invalid one.
async fn fill_account(shop: &Shop, quentin: &Customer<'_>) {
    let address = json!({"street": STREET, "city": "Springfield", "country": "US"});
    quentin.post("/api/v1/addresses", &json!({"address": address})).await.is(201, "");
    let product_id = shop.product_id("laptop-backpack").await;
    let wish = json!({"product_id": product_id});
    quentin.post("/api/v1/wishlist", &wish).await.is(201, "");
    let item = json!({"product_id": product_id, "quantity": 1});
    quentin.post("/api/v1/cart/items", &item).await.is(201, "");
    quentin.get("/api/v1/shipping/quotes?zip_code=62701&country=US").await.is(200, "");
    let card = |number: &str, cvv: &str| {
        json!({
            "card_number": number, "exp_month": 12, "exp_year": 2040, "cvv": cvv,
        })
    };
    for number in CARDS {
        quentin.post("/api/v1/payment-methods", &card(number, "123")).await.is(201, "");
    }
    let wrong = quentin.post("/api/v1/payment-methods", &card("4242424242424241", "12")).await;
    wrong.is(400, "invalid_request");
    order(quentin).await;
}

/// Fills the cart of a guest and merges it. Returns its token.
async fn shop_as_guest(shop: &Shop, quentin: &Customer<'_>) -> String {
    let item = json!({"product_id": shop.product_id("smart-watch").await, "quantity": 1});
    let created = shop.post("/api/v1/cart/items", &item).await.is(201, "").json();
    let token = text(&created["cart_token"]);
    for (method, path, status) in [
        (Method::GET, "/api/v1/cart", 200),
        (Method::GET, "/api/v1/shipping/quotes?zip_code=62701&country=US", 200),
        (Method::POST, "/api/v1/orders", 401),
    ] {
        let call = shop.gateway.request(method, path).header("cart-token", &token);
        assert_eq!(call.send().await.status, status, "{path}");
    }
    quentin.post("/api/v1/cart/merge", &json!({"cart_token": token})).await.is(200, "");
    quentin.delete("/api/v1/cart").await.is(204, "");
    token
}

/// Orders the cart with a declined card, then with a saved card, and cancels the order.
async fn order(quentin: &Customer<'_>) {
    let methods = quentin.get("/api/v1/payment-methods").await.json();
    let address = json!({"street": STREET, "city": "Springfield", "country": "US"});
    let order_with =
        |method: Value| json!({"shipping_address": address, "payment_method_id": method});
    let declined = quentin.post(ORDERS, &order_with("pm_test_declined".into())).await;
    declined.is(402, "payment_declined");
    let saved = methods["payment_methods"][0]["id"].clone();
    let order = quentin.post(ORDERS, &order_with(saved)).await.is(201, "").json();
    quentin.delete(&order_path(&order)).await.is(200, "");
}

#[tokio::test]
async fn logs_contain_no_private_data() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("tokens");
    let mut process = Command::new(std::env::current_exe().expect("this test"));
    process
        .args(["--exact", OBSERVED_TEST, "--nocapture"])
        .env(TOKENS_FILE_ENV, &file)
        .env("RUST_LOG", "trace")
        .env("LOG_FORMAT", "json");
    let output = tokio::task::spawn_blocking(move || process.output());
    let output = output.await.expect("no panic").expect("the process ends");
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    for component in ["gateway", "user", "cart", "order", "payment", "shipping", "notification"] {
        assert!(
            log.contains(&format!("\"component\":\"{component}\"")),
            "{component} has no log lines"
        );
    }
    let tokens = std::fs::read_to_string(file).expect("the tokens");
    assert_eq!(tokens.lines().count(), 7);
    let unspaced = CARDS.map(|number| number.replace(' ', ""));
    let private = [EMAIL, PASSWORD, NEW_PASSWORD, NAME, PHONE, STREET, "4242424242424241"];
    let private = private.into_iter().chain(CARDS).chain(unspaced.iter().map(String::as_str));
    for secret in private.chain(tokens.lines()) {
        let leak = log.lines().find(|line| line.contains(secret));
        assert!(leak.is_none(), "{secret} is in {leak:?}");
    }
}
