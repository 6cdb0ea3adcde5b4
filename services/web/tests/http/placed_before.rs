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

/// A customer who has placed an order.
struct Ordered {
    _shop: Shop,
    browser: Browser,
    review: Response,
    /// The path of the order.
    path: String,
    number: String,
}

impl Ordered {
    async fn start() -> Self {
        let shop = Shop::start().await;
        let mut browser = shop.customer().await;
        add_to_cart(&mut browser, "walden").await.is(200);
        let review = review(&mut browser, &VISA).await;
        let path = place(&mut browser, &form(&review, None)).await.location();
        let number = number(&mut browser, &path).await;
        Self { _shop: shop, browser, review, path, number }
    }
}

#[tokio::test]
async fn form_sent_again_with_another_choice_names_the_order() {
    let mut ordered = Ordered::start().await;
    let repeated = place(&mut ordered.browser, &form(&ordered.review, Some("FedEx~2-Day"))).await;
    let page = ordered.browser.follow(&repeated).await;
    page.is(200).shows(&format!("your last order is {}.", ordered.number));
    assert_eq!(page.attribute(".flash-links a", "href").as_deref(), Some(&*ordered.path));
}

#[tokio::test]
async fn checkout_of_a_cart_that_was_ordered_names_the_order() {
    let mut ordered = Ordered::start().await;
    let start = ordered.browser.get("/checkout").await;
    let cart = ordered.browser.follow(&start).await;
    cart.is(200).shows(&format!("You have already placed order {}.", ordered.number));
    assert_eq!(cart.attribute(".flash-links a", "href").as_deref(), Some(&*ordered.path));
}
