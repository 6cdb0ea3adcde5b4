//! Quantities that are none, and estimates that fail.

use shop_fixture::Service;

use crate::shop::Shop;

/// Values of the field that are no quantity from 1 to 99.
const INVALID: [&str; 7] = ["", "abc", "1.5", "-1", "100", "99999999999", "<b>"];

#[tokio::test]
async fn invalid_quantities_are_rejected_at_their_forms() {
    let shop = Shop::start().await;
    let mut browser = shop.browser();
    let product = browser.get("/products/walden").await;
    let id = product.attribute("input[name=product]", "value").expect("an id");
    for quantity in INVALID.into_iter().chain(["0"]) {
        let rejected = browser.submit("/cart/items", &[("quantity", quantity)]).await;
        rejected.is(422).shows("Walden").shows("Enter a quantity from 1 to 99.");
        assert_eq!(rejected.count("#quantity[aria-describedby=quantity-error]"), 1, "{quantity}");
    }
    browser.submit_to("/cart/items", &[("product", &id)]).await.is(422);
    assert!(!browser.cookies.contains_key("cart"));
    browser.submit("/cart/items", &[("quantity", "2")]).await.is(303);
    let action = format!("/cart/items/{id}");
    browser.get("/cart").await.is(200).shows("2 items");
    for quantity in INVALID {
        let rejected = browser.submit(&action, &[("quantity", quantity)]).await;
        rejected.is(422).shows("Enter a quantity from 1 to 99.").shows("2 items");
        let field = "input[type=number][aria-invalid]";
        assert_eq!(rejected.attribute(field, "value").as_deref(), Some(quantity));
        let error = rejected.attribute(field, "aria-describedby").expect("an error");
        assert_eq!(rejected.count(&format!("[id='{error}']")), 1);
    }
    browser.submit_to(&action, &[]).await.is(422);
}

#[tokio::test]
async fn failed_estimate_of_shipping_says_why() {
    let shop = Shop::start().await;
    let mut browser = shop.browser();
    browser.get("/products/walden").await.is(200);
    browser.submit("/cart/items", &[("quantity", "2")]).await.is(303);
    let long = "1".repeat(21);
    let invalid = browser.get(&format!("/cart?country=US&zip_code={long}")).await;
    assert_eq!(invalid.is(200).count("#zip_code[aria-invalid]"), 1);
    shop.services.stop(Service::Shipping).await;
    let unavailable = browser.get("/cart?country=US&zip_code=62701").await;
    unavailable.is(200).shows("Walden").shows("This is unavailable at the moment.");
}
