//! Finding products, the cart, and the checkout.

use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::browser::{ADDRESS, Browser, Response, VISA};
use crate::fake_gateway::start_fake_gateway;
use crate::shop::{Shop, start_web};

/// The form of a new card in the checkout.
const NEW_CARD_FORM: &str = "form[method=post][action^='/checkout/payment']";

/// Adds two units of a product to the cart on its page.
pub(crate) async fn send_to_cart(browser: &mut Browser, slug: &str) -> Response {
    browser.get(&format!("/products/{slug}")).await.is(200);
    let added = browser.submit("/cart/items", &[("quantity", "2")]).await;
    added.is(303);
    added
}

/// Adds two units of a product to the cart, and opens the page that says so.
pub(crate) async fn add_to_cart(browser: &mut Browser, slug: &str) -> Response {
    let added = send_to_cart(browser, slug).await;
    browser.follow(&added).await
}

/// Goes from the cart to the review, with a new address and a new card.
pub(crate) async fn review(browser: &mut Browser, card: &[(&str, &str)]) -> Response {
    let saved = send_card(browser, card).await;
    browser.follow(&saved).await
}

/// Goes from the cart to the payment, with a new address, and sends the form of a new card.
async fn send_card(browser: &mut Browser, card: &[(&str, &str)]) -> Response {
    browser.get("/checkout/address").await.is(200);
    let saved = browser.submit("/checkout/address", &ADDRESS).await;
    let delivery = browser.follow(&saved).await;
    delivery.is(200).shows("Arrives by");
    let ship = delivery.attribute("input[name=ship][checked]", "value").expect("a choice");
    let ship: String = form_urlencoded::byte_serialize(ship.as_bytes()).collect();
    let path = saved.location().replace("delivery", "payment");
    let payment = browser.get(&format!("{path}&ship={ship}")).await;
    let action = payment.is(200).attribute(NEW_CARD_FORM, "action").expect("a form");
    browser.submit(&action, card).await
}

#[tokio::test]
async fn first_order_of_a_customer_is_charged_what_the_review_shows() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    let product = add_to_cart(&mut browser, "desk-lamp").await;
    product.is(200).shows("Added to your cart.");
    assert_eq!(product.count("a[href='/checkout']"), 1);
    browser.get("/cart").await.is(200).shows("Desk Lamp").shows("$138.00");
    assert_eq!(browser.get("/checkout").await.location(), "/checkout/address");
    let review = review(&mut browser, &VISA).await;
    review.is(200).shows("Review your order").shows("Visa •••• 4242");
    let total = review.attribute("input[name=total_cents]", "value").expect("a total");
    let placed = browser.submit("/checkout/place", &[]).await;
    let order = browser.follow(&placed).await;
    order.is(200).shows("Thank you").shows("Desk Lamp");
    let cents: i64 = total.parse().expect("a number");
    order.shows(&format!("${}.{:02}", cents / 100, cents % 100));
    browser.get("/orders").await.is(200).shows("2 × Desk Lamp");
    browser.get("/account").await.is(200).shows("Hello, Ada").shows("Visa •••• 4242");
}

#[tokio::test]
async fn customer_with_defaults_reviews_at_once() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    browser.get("/addresses/new").await.is(200);
    browser.submit("/addresses/new", &ADDRESS).await.is(303);
    browser.get("/payment-methods").await.is(200);
    browser.submit("/payment-methods", &VISA).await.is(303);
    add_to_cart(&mut browser, "walden").await.is(200);
    let start = browser.get("/checkout").await;
    assert!(start.location().starts_with("/checkout/review?address="));
    browser.follow(&start).await.is(200).shows("Springfield").shows("Pay $");
    let (choices, _card) = start.location().split_once("&pay=").map(owned).expect("a card");
    let other = browser.get(&format!("{choices}&pay={}", uuid::Uuid::nil())).await;
    assert_eq!(other.location(), choices.replace("review", "payment"));
    let payment = browser.follow(&other).await;
    payment.is(200).shows("This choice is no longer available. Please choose again.");
    browser.follow(&start).await.is(200);
    let placed = browser.submit("/checkout/place", &[]).await;
    browser.follow(&placed).await.is(200).shows("Walden");
}

#[tokio::test]
async fn repeated_form_returns_the_same_order() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    add_to_cart(&mut browser, "walden").await.is(200);
    let page = review(&mut browser, &VISA).await;
    page.is(200);
    let first = browser.submit("/checkout/place", &[]).await;
    let second = browser.submit("/checkout/place", &[]).await;
    assert_eq!(first.location(), second.location());
}

/// The browser has removed the cookies of the session.
#[tokio::test]
async fn order_after_the_session_leads_to_sign_in_and_back_to_the_review() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    add_to_cart(&mut browser, "walden").await.is(200);
    review(&mut browser, &VISA).await.is(200);
    browser.cookies.clear();
    let placed = browser.submit("/checkout/place", &[]).await;
    let location = placed.location();
    assert!(location.starts_with("/login?next=%2Fcheckout%2Freview%3F"), "{location}");
    browser.follow(&placed).await.is(200).shows("Your session has ended");
}

#[tokio::test]
async fn declined_card_leads_back_to_payment() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    add_to_cart(&mut browser, "walden").await.is(200);
    let card = [("card_number", "4000000000009995"), ("expiry", "12/40"), ("cvv", "123")];
    review(&mut browser, &card).await.is(200);
    let placed = browser.submit("/checkout/place", &[]).await;
    assert!(placed.location().starts_with("/checkout/payment?address="), "{placed:?}");
    browser.follow(&placed).await.is(200).shows("insufficient funds. You were not charged.");
    browser.get("/cart").await.shows("Walden");
}

#[tokio::test]
async fn lower_expected_total_is_reviewed_again() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    add_to_cart(&mut browser, "walden").await.is(200);
    review(&mut browser, &VISA).await.is(200);
    let placed = browser.submit("/checkout/place", &[("total_cents", "100")]).await;
    assert!(placed.location().starts_with("/checkout/review?"), "{placed:?}");
    browser.follow(&placed).await.is(200).shows("The total has changed from $1.00 to");
}

#[tokio::test]
async fn changed_cart_with_the_same_total_is_explained() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    add_to_cart(&mut browser, "walden").await.is(200);
    review(&mut browser, &VISA).await.is(200);
    let placed = browser.submit("/checkout/place", &[("cart_version", "999")]).await;
    assert!(placed.location().starts_with("/checkout/review?"), "{placed:?}");
    let review = browser.follow(&placed).await;
    review.is(200).shows("Your cart has changed. Please check the order. Nothing was charged.");
}

#[tokio::test]
async fn rejected_card_keeps_the_choices_of_the_checkout() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    add_to_cart(&mut browser, "walden").await.is(200);
    let card = [("card_number", "4242 4242 4242 4242"), ("expiry", "soon"), ("cvv", "123")];
    let rejected = send_card(&mut browser, &card).await;
    let action = rejected.is(422).attribute(NEW_CARD_FORM, "action").expect("a form");
    assert!(action.contains("?address=") && action.contains("&ship="), "{action}");
    browser.get(&action).await.is(200).shows("How would you like to pay?");
    assert_eq!(rejected.count(".error-summary a"), 1);
    let link = rejected.attribute(".error-summary a", "href");
    assert_eq!(link.as_deref(), Some("#expiry"));
    assert_eq!(rejected.count("#expiry[aria-invalid]"), 1);
}

fn owned((start, end): (&str, &str)) -> (String, String) {
    (start.to_owned(), end.to_owned())
}

#[tokio::test]
async fn invalid_address_and_card_keep_the_form() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    add_to_cart(&mut browser, "walden").await.is(200);
    browser.get("/checkout/address").await.is(200);
    let rejected = browser.submit("/checkout/address", &[("street", ""), ("city", "Rome")]).await;
    rejected.is(422).shows("Please check:");
    assert_eq!(rejected.count("input[name=street][aria-invalid]"), 1);
    let city = rejected.attribute("input[name=city]", "value");
    assert_eq!(city.as_deref(), Some("Rome"));
    browser.get("/payment-methods").await.is(200);
    let card = [("card_number", "4242424242424241"), ("expiry", "13/40"), ("cvv", "123")];
    let rejected = browser.submit("/payment-methods", &card).await;
    rejected.is(422).shows("Check the card number.");
    assert!(!rejected.body.contains("4242424242424241"));
}

#[tokio::test]
async fn cart_is_changed_by_forms() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    add_to_cart(&mut browser, "walden").await.is(200);
    let cart = browser.get("/cart").await;
    let action = cart.attribute("form.quantity-form", "action").expect("a form");
    let changed = browser.submit(&action, &[("quantity", "5")]).await;
    browser.follow(&changed).await.is(200).shows("5 items").shows("$64.95");
    let estimate = browser.get("/cart?country=US&zip_code=62701").await;
    assert!(estimate.is(200).count(".quote-list li") > 0);
    let removed = browser.submit(&action, &[("quantity", "0")]).await;
    browser.follow(&removed).await.is(200).shows("Your cart is empty.");
    let start = browser.get("/checkout").await;
    assert_eq!(start.location(), "/cart");
}

#[tokio::test]
async fn products_are_found_by_list_category_and_search() {
    let shop = Shop::start().await;
    let mut browser = shop.browser();
    let all = browser.get("/products").await;
    all.is(200).shows("36 products");
    assert_eq!(all.count(".product-grid .card"), 24);
    assert_eq!(all.count("a[rel=next]"), 1);
    browser.get("/products?page=2").await.is(200);
    browser.get("/categories/books").await.is(200).shows("12 products");
    let cheap = browser.get("/products?max_price=11&sort=price_asc").await;
    cheap.is(200).shows("The Time Machine").hides("4K Monitor");
    assert_eq!(cheap.count("meta[name=robots][content=noindex]"), 1);
    browser
        .get("/products?min_price=cheap")
        .await
        .is(200)
        .shows("36 products")
        .shows("Enter prices");
    browser.get("/search?q=lamp").await.is(200).shows("Desk Lamp");
    browser.get("/search?q=qqqqqq").await.is(200).shows("Nothing found.");
    browser.get("/search").await.is(200);
    browser.get("/categories/no-such").await.is(404);
}

#[tokio::test]
async fn search_page_contains_what_the_script_suggests() {
    let shop = Shop::start().await;
    let mut browser = shop.browser();
    let page = browser.get("/").await;
    let label = page.attribute("form.search:has(#q)", "data-suggestions");
    assert_eq!(label.as_deref(), Some("Suggested products"));
    assert_eq!(page.attribute("form.search", "action").as_deref(), Some("/search"));
    let lamps = browser.get("/search?q=desk+lamp").await;
    let first = lamps.attribute("#listing .card-name a", "href");
    assert_eq!(first.as_deref(), Some("/products/desk-lamp"));
    assert_eq!(lamps.count("#result-count"), 1);
    assert_eq!(browser.get("/search?q=qqqqqq").await.count("#listing .card-name a"), 0);
}

#[tokio::test]
async fn product_has_one_url() {
    let shop = Shop::start().await;
    let mut browser = shop.browser();
    let product = browser.get("/products/desk-lamp").await;
    product.is(200).shows("Desk Lamp").shows("In stock");
    let id = product.attribute("input[name=product]", "value").expect("an id");
    for other in [id.as_str(), "Desk-Lamp"] {
        let redirect = browser.get(&format!("/products/{other}")).await;
        assert_eq!(redirect.location(), "/products/desk-lamp");
    }
    browser.get("/products/no-such-product").await.is(404);
}

#[tokio::test]
async fn order_is_cancelled_and_bought_again() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    add_to_cart(&mut browser, "walden").await.is(200);
    review(&mut browser, &VISA).await.is(200);
    let placed = browser.submit("/checkout/place", &[]).await;
    let order = placed.location();
    browser.get(&order).await.is(200);
    browser.submit(&format!("{order}/cancel"), &[("reason", "Ordered by mistake")]).await.is(303);
    for _ in 0..2 {
        browser.get(&order).await.is(200).shows("Cancelled");
        let again = browser.submit(&format!("{order}/buy-again"), &[]).await;
        let cart = browser.follow(&again).await;
        cart.is(200).shows("The products are in your cart.").shows("Walden").shows("2 items");
    }
}

#[tokio::test]
async fn outage_while_an_order_is_bought_again_leads_to_the_cart() {
    let url = start_web(&start_fake_gateway(gateway_with_failing_cart()).await).await;
    let mut browser = Browser::new(&url);
    browser.cookies.insert("access".to_owned(), "token".to_owned());
    let again = browser.submit_to(&format!("/orders/{}/buy-again", uuid::Uuid::nil()), &[]).await;
    assert_eq!(again.location(), "/cart");
    assert_eq!(browser.cookies["flash"], "bought_again_partly");
}

/// Returns the routes of an order with two lines, and of a cart that fails at the second one.
fn gateway_with_failing_cart() -> Router {
    let price = json!({"currency": "USD", "amount_cents": 100});
    let line = |id| {
        json!({
            "product_id": uuid::Uuid::from_u128(id), "product_name": "Lamp", "quantity": 1,
            "unit_price": price, "total_price": price,
        })
    };
    let order = json!({
        "id": uuid::Uuid::nil(), "status": "delivered", "items": [line(1), line(2)],
        "subtotal": price, "shipping": price, "tax": price, "total": price, "refunded": price,
        "shipping_address": {
            "recipient": "", "street": "", "city": "", "state": "", "zip_code": "", "country": "US",
        },
        "history": [], "created_at": "2026-01-01T00:00:00Z",
    });
    let cart = json!({"items": [], "total": price});
    let add = |Json(item): Json<Value>| async move {
        match item["product_id"] == json!(uuid::Uuid::from_u128(1)) {
            true => (StatusCode::CREATED, Json(json!({}))),
            false => (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"code": "unavailable"}))),
        }
    };
    Router::new()
        .route("/orders/{id}", get(|| async move { Json(order) }))
        .route("/cart", get(|| async move { Json(cart) }))
        .route("/cart/items", post(add))
}
