//! Carts of guests.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kit::Env;

use crate::browser::{Browser, Response};
use crate::shop::Shop;

/// Returns a cart token that no cart has. The tests share one Redis.
fn unknown_token() -> String {
    URL_SAFE_NO_PAD.encode(Env::system().bytes::<32>())
}

/// Adds two units of a product to the cart on its page.
async fn add_to_cart(browser: &mut Browser, slug: &str) -> Response {
    browser.get(&format!("/products/{slug}")).await.is(200);
    let added = browser.submit("/cart/items", &[("quantity", "2")]).await;
    added.is(303);
    added
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
    let added = add_to_cart(&mut browser, "walden").await;
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
    let first = cart_cookie(&add_to_cart(&mut browser, "walden").await);
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=172800"] {
        assert!(first.contains(attribute), "{first}");
    }
    let second = add_to_cart(&mut browser, "desk-lamp").await;
    assert_eq!(cart_cookie(&second), first);
    let cart = browser.get("/cart").await;
    assert_eq!(cart_cookie(cart.is(200).shows("Walden").shows("Desk Lamp")), "");
    let token = browser.cookies["cart"].clone();
    assert!(!cart.body.contains(&token) && !second.body.contains(&token));
}

#[tokio::test]
async fn cart_cookie_without_a_cart_is_an_empty_cart() {
    let shop = Shop::start().await;
    let unknown = unknown_token();
    for (token, is_kept) in [(&*unknown, true), ("forged", false), ("", false)] {
        let mut browser = shop.browser();
        browser.cookies.insert("cart".to_owned(), token.to_owned());
        browser.get("/cart").await.is(200).shows("Your cart is empty.");
        add_to_cart(&mut browser, "walden").await;
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
