//! Carts of guests.

use std::time::Duration;

use axum::routing::post;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kit::Env;
use serde_json::json;
use shop_fixture::Service;

use crate::browser::{Browser, Response};
use crate::fake_gateway::start_fake_gateway;
use crate::pages::assert_is_page;
use crate::shop::{PASSWORD, Shop, start_web};
use crate::shopping::send_to_cart;

/// Returns a cart token that no cart has. The tests share one Redis.
fn unknown_token() -> String {
    URL_SAFE_NO_PAD.encode(Env::system().bytes::<32>())
}

/// Returns the `Set-Cookie` of the cart; empty if absent.
fn cart_cookie(response: &Response) -> String {
    let cookies = response.headers.get_all("set-cookie").iter();
    let cookies = cookies.filter_map(|value| value.to_str().ok());
    cookies.filter(|value| value.starts_with("cart=")).collect()
}

#[tokio::test]
async fn guest_fills_changes_and_empties_a_cart() {
    let shop = Shop::start().await;
    let mut browser = shop.browser();
    assert_eq!(browser.get("/cart").await.is(200).shows("Your cart is empty.").count(".badge"), 0);
    let added = send_to_cart(&mut browser, "walden").await;
    let product = browser.follow(&added).await;
    product.is(200).shows("Added to your cart.").shows("Units in the cart: 2");
    assert_eq!(product.count("a[href='/checkout']"), 1);
    let cart = browser.get("/cart").await;
    cart.is(200).shows("Walden").shows("2 items").shows("Check out");
    let action = cart.attribute("form.quantity-form", "action").expect("a form");
    let changed = browser.submit(&action, &[("quantity", "5")]).await;
    browser.follow(&changed).await.is(200).shows("5 items").shows("$64.95");
    let estimate = browser.get("/cart?country=US&zip_code=62701").await;
    assert!(estimate.is(200).count(".quote-list li") > 0);
    shop.browser().get("/cart").await.is(200).hides("Walden");
    let removed = browser.submit(&action, &[("quantity", "0")]).await;
    browser.follow(&removed).await.is(200).shows("Your cart is empty.");
}

#[tokio::test]
async fn cart_cookie_lives_as_long_as_the_cart_and_is_renewed() {
    let shop = Shop::start().await;
    let mut browser = shop.browser();
    let first = cart_cookie(&send_to_cart(&mut browser, "walden").await);
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=172800"] {
        assert!(first.contains(attribute), "{first}");
    }
    let second = send_to_cart(&mut browser, "desk-lamp").await;
    assert_eq!(cart_cookie(&second), first);
    let cart = browser.get("/cart").await;
    assert_eq!(cart_cookie(cart.is(200).shows("Walden").shows("Desk Lamp")), "");
    let token = browser.cookies["cart"].clone();
    assert!(!cart.body.contains(&token) && !second.body.contains(&token));
}

#[tokio::test]
async fn cart_cookie_follows_the_setting_of_the_cart() {
    let shop = Shop::start().await;
    let mut browser = shop.open_another(&["--guest-cart-ttl", "1h"], &shop.browser()).await;
    let cookie = cart_cookie(&send_to_cart(&mut browser, "walden").await);
    assert!(cookie.contains("Max-Age=3600"), "{cookie}");
}

#[tokio::test]
async fn cart_cookie_without_a_cart_is_an_empty_cart() {
    let shop = Shop::start().await;
    let unknown = unknown_token();
    for (token, is_kept) in [(&*unknown, true), ("forged", false), ("", false)] {
        let mut browser = shop.browser();
        browser.cookies.insert("cart".to_owned(), token.to_owned());
        browser.get("/cart").await.is(200).shows("Your cart is empty.");
        send_to_cart(&mut browser, "walden").await;
        browser.get("/cart").await.is(200).shows("Walden");
        assert_eq!(browser.cookies["cart"] == token, is_kept, "{token}");
    }
}

#[tokio::test]
async fn ended_session_adds_nothing_to_the_cart_of_a_guest() {
    let shop = Shop::start().await;
    let mut browser = shop.browser();
    browser.get("/products/walden").await.is(200);
    browser.cookies.insert("refresh".to_owned(), "pforged".to_owned());
    let added = browser.submit("/cart/items", &[]).await;
    assert_eq!(added.location(), "/login?next=%2Fproducts%2Fwalden&reason=unsaved");
    assert!(!browser.cookies.contains_key("cart"));
    browser.cookies.insert("refresh".to_owned(), "pforged".to_owned());
    browser.cookies.insert("cart".to_owned(), unknown_token());
    browser.get("/cart").await.is(200).shows("Your cart is empty.");
}

#[tokio::test]
async fn sign_in_merges_the_cart_of_the_guest() {
    let shop = Shop::start().await;
    let (mut customer, email) = shop.customer_with_email().await;
    send_to_cart(&mut customer, "walden").await;
    let mut browser = shop.browser();
    send_to_cart(&mut browser, "walden").await;
    send_to_cart(&mut browser, "desk-lamp").await;
    browser.get("/login?next=/cart").await.is(200);
    let signed_in = browser.submit("/login", &[("email", &email), ("password", PASSWORD)]).await;
    assert!(!browser.cookies.contains_key("cart"));
    let cart = browser.follow(&signed_in).await;
    cart.is(200).shows("Walden").shows("Desk Lamp").shows("6 items");
}

#[tokio::test]
async fn registration_keeps_the_cart_of_the_guest() {
    let shop = Shop::start().await;
    let mut browser = shop.browser();
    send_to_cart(&mut browser, "walden").await;
    browser.get("/register").await.is(200);
    let form = [
        ("first_name", "Ada"),
        ("last_name", "Lovelace"),
        ("email", "ada@example.com"),
        ("password", PASSWORD),
    ];
    let registered = browser.submit("/register", &form).await;
    browser.follow(&registered).await.is(200).shows("Welcome.").shows("Units in the cart: 2");
    assert!(!browser.cookies.contains_key("cart"));
}

#[tokio::test]
async fn outage_of_carts_keeps_the_cart_of_the_guest_until_it_can_be_merged() {
    let shop = Shop::start().await;
    let (_, email) = shop.customer_with_email().await;
    let mut browser = shop.browser();
    send_to_cart(&mut browser, "walden").await;
    shop.services.stop(Service::Cart).await;
    let form = [("email", &*email), ("password", PASSWORD)];
    browser.submit_to("/login", &form).await.is(303);
    assert!(browser.cookies.contains_key("refresh") && browser.cookies.contains_key("cart"));
    browser.get("/account").await.is(200);
    shop.services.start_service(Service::Cart).await;
    let merged = async {
        while browser.get("/cart").await.status != 200 || browser.cookies.contains_key("cart") {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), merged).await.expect("the carts are merged");
    browser.get("/cart").await.is(200).shows("Walden").shows("2 items");
}

#[tokio::test]
async fn lines_that_do_not_fit_into_the_cart_are_reported() {
    let url = start_web(&start_gateway_with_full_carts().await).await;
    let mut browser = Browser::new(&url);
    browser.cookies.insert("cart".to_owned(), unknown_token());
    let form = [("email", "ada@example.com"), ("password", PASSWORD), ("next", "/help")];
    let signed_in = browser.submit_to("/login", &form).await;
    assert!(!browser.cookies.contains_key("cart"));
    let page = browser.follow(&signed_in).await;
    page.is(200).shows("Your cart is full. Some products that you chose before you signed in");
}

#[tokio::test]
async fn checkout_of_a_guest_begins_with_sign_in_or_registration() {
    let shop = Shop::start().await;
    let (_, email) = shop.customer_with_email().await;
    let mut browser = shop.browser();
    send_to_cart(&mut browser, "walden").await;
    for path in ["/checkout", "/checkout/address", "/checkout/delivery", "/checkout/review"] {
        let mut response = browser.get(path).await;
        if response.location() == "/checkout/address" {
            response = browser.follow(&response).await;
        }
        assert_eq!(response.location(), "/checkout/contact", "{path}");
    }
    let address = browser.submit_to("/checkout/address", &[("street", "1 Main Street")]).await;
    assert_eq!(address.location(), "/checkout/contact");
    let contact = browser.get("/checkout/contact").await;
    assert_is_page("/checkout/contact", &contact);
    contact.shows("Who is ordering?").shows("Your cart stays as it is.").shows("Walden");
    assert_eq!(contact.count(".steps li"), 5);
    let register = contact.attribute(".contact-option a[href^='/register']", "href");
    assert_eq!(register.as_deref(), Some("/register?next=%2Fcheckout"));
    let signed_in = browser.submit("/login", &[("email", &email), ("password", PASSWORD)]).await;
    assert_eq!(signed_in.location(), "/checkout");
    let start = browser.follow(&signed_in).await;
    let address = browser.follow(&start).await;
    address.is(200).shows("Where should it go?").shows("Walden");
    assert_eq!(address.count(".steps li"), 4);
    assert_eq!(browser.get("/checkout/contact").await.location(), "/checkout");
}

#[tokio::test]
async fn checkout_without_a_cart_of_a_guest_needs_sign_in() {
    let shop = Shop::start().await;
    let mut browser = shop.browser();
    let start = browser.get("/checkout").await;
    assert_eq!(start.location(), "/login?next=%2Fcheckout&reason=required");
    let contact = browser.get("/checkout/contact").await;
    assert_eq!(contact.location(), "/cart");
    browser.cookies.insert("cart".to_owned(), unknown_token());
    assert_eq!(browser.get("/checkout/contact").await.location(), "/cart");
    browser.cookies.insert("refresh".to_owned(), "pforged".to_owned());
    let expired = browser.get("/checkout").await;
    assert_eq!(expired.location(), "/login?next=%2Fcheckout&reason=expired");
    browser.follow(&expired).await.is(200).shows("Your session has ended.");
}

/// Starts a gateway that accepts every password, and whose carts have no room for more lines.
async fn start_gateway_with_full_carts() -> String {
    let price = json!({"currency": "USD", "amount_cents": 100});
    let line = json!({
        "product_id": "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a10", "product_name": "Lamp",
        "quantity": 1, "unit_price": price, "total_price": price, "image_url": "",
        "available": true,
    });
    let tokens = json!({"access_token": "a", "refresh_token": "r", "expires_in": 900});
    let merged = json!({"items": [], "total": price, "not_merged": [line]});
    let gateway = Router::new()
        .route("/auth/login", post(|| async move { Json(tokens) }))
        .route("/cart/merge", post(|| async move { Json(merged) }));
    start_fake_gateway(gateway).await
}
