//! Checkouts that have placed an order before.

use crate::browser::{Browser, Response, VISA};
use crate::shop::Shop;
use crate::shopping::{add_to_cart, review};

/// The fields of the form that places an order.
const FIELDS: [&str; 7] =
    ["address", "ship", "pay", "cart_version", "total_cents", "currency", "idempotency_key"];

/// Returns the values of the form, with another delivery if there is one.
fn form(review: &Response, ship: Option<&str>) -> Vec<(&'static str, String)> {
    let field = |name: &'static str| {
        let value = review.attribute(&format!(".place-form input[name={name}]"), "value");
        let other = ship.filter(|_| name == "ship").map(str::to_owned);
        (name, other.or(value).expect("a field"))
    };
    FIELDS.map(field).into()
}

async fn place(browser: &mut Browser, form: &[(&'static str, String)]) -> Response {
    let fields: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.submit_to("/checkout/place", &fields).await
}

/// Returns the number in the heading of an order.
async fn number(browser: &mut Browser, order: &str) -> String {
    let page = browser.get(order).await;
    let text = page.is(200).text();
    let number = text.split("Order ").nth(1).and_then(|rest| rest.split_whitespace().next());
    number.expect("a number").to_owned()
}

#[tokio::test]
async fn form_sent_again_with_another_choice_names_the_order() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    add_to_cart(&mut browser, "walden").await.is(200);
    let review = review(&mut browser, &VISA).await;
    let placed = place(&mut browser, &form(&review, None)).await.location();
    let number = number(&mut browser, &placed).await;
    let repeated = place(&mut browser, &form(&review, Some("FedEx~2-Day"))).await;
    let page = browser.follow(&repeated).await;
    page.is(200).shows(&format!("your last order is {number}."));
    assert_eq!(page.attribute(".flash-links a", "href").as_deref(), Some(&*placed));
}

#[tokio::test]
async fn checkout_of_a_cart_that_was_ordered_names_the_order() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    add_to_cart(&mut browser, "walden").await.is(200);
    let review = review(&mut browser, &VISA).await;
    let placed = place(&mut browser, &form(&review, None)).await.location();
    let number = number(&mut browser, &placed).await;
    let start = browser.get("/checkout").await;
    let cart = browser.follow(&start).await;
    cart.is(200).shows(&format!("You have already placed order {number}."));
    assert_eq!(cart.attribute(".flash-links a", "href").as_deref(), Some(&*placed));
}
