//! Fixture: a customer who has something on every page.

use crate::browser::{Browser, Response};
use crate::order_live::place_order;
use crate::shop::Shop;
use crate::shopping::add_to_cart;

/// What the paths of a customer contain.
pub(crate) struct Ids {
    pub(crate) order: String,
    pub(crate) address: String,
    pub(crate) card: String,
    /// A product that is in the cart and in the wishlist.
    pub(crate) product: String,
}

/// Registers a customer with an order, an address, a card, a wishlist and a full cart.
pub(crate) async fn regular_customer(shop: &Shop) -> (Browser, String, Ids) {
    let (mut browser, email) = shop.customer_with_email().await;
    let order = place_order(&mut browser).await.replace("/orders/", "");
    let id = |page: &Response, selector: &str, name: &str| {
        let path = page.attribute(selector, name).expect("a path");
        path.split('/').nth(2).expect("an id").to_owned()
    };
    let addresses = browser.get("/addresses").await;
    let address = id(&addresses, ".panel-actions a", "href");
    let cards = browser.get("/payment-methods").await;
    let card = id(&cards, ".panel-actions form", "action");
    add_to_cart(&mut browser, "walden").await.is(200);
    let product = browser.get("/products/walden").await;
    let product = product.attribute("input[name=product]", "value").expect("an id");
    browser.submit("/wishlist/items", &[]).await.is(303);
    browser.cookies.remove("flash");
    (browser, email, Ids { order, address, card, product })
}
