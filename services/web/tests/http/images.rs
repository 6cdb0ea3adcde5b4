//! Images in the lines of orders.

use shop_fixture::Service;

use crate::browser::{Response, VISA};
use crate::shop::{Shop, get_complete};
use crate::shopping::{add_to_cart, review};

/// Whether the lines of the two products have their images.
fn has_images(page: &Response) -> bool {
    let has = |slug| page.count(&format!(".summary-lines img[src='/images/products/{slug}.svg']"));
    (has("desk-lamp"), has("walden")) == (1, 1)
}

#[tokio::test]
async fn checkout_and_order_show_the_images_of_their_lines() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    add_to_cart(&mut browser, "desk-lamp").await.is(200);
    add_to_cart(&mut browser, "walden").await.is(200);
    assert!(has_images(&browser.get("/checkout/address").await));
    review(&mut browser, &VISA).await.is(200);
    let start = browser.get("/checkout").await;
    let review = get_complete(&mut browser, &start.location(), has_images).await;
    assert!(has_images(&review), "{}", review.body);
    let placed = browser.submit("/checkout/place", &[]).await.location();
    let order = get_complete(&mut browser, &placed, has_images).await;
    assert!(has_images(&order), "{}", order.body);

    shop.services.stop(Service::Catalog).await;
    let order = browser.get(&placed).await;
    order.is(200).shows("Desk Lamp").shows("Walden");
    assert_eq!(order.count(".summary-lines .line-image"), 2);
}
