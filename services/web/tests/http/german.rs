//! A shop in German.

use crate::browser::Response;
use crate::order_live::place_order;
use crate::shop::{Shop, get_complete};

#[tokio::test]
async fn german_shop_shows_no_english_text_of_the_services() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    let order = place_order(&mut browser).await;
    let is_complete = |text| move |page: &Response| page.text().contains(text);
    let page = get_complete(&mut browser, &order, is_complete("Shipment created")).await;
    page.is(200).shows("Shipment created").shows("United States of America");
    let mut german = shop.open_another(&["--locale", "de-DE"], &browser).await;
    let page = get_complete(&mut german, &order, is_complete("Sendung angelegt")).await;
    page.is(200).shows("Sendung angelegt").shows("Vereinigte Staaten");
    page.hides("Shipment created").hides("United States");
    german.get("/addresses").await.is(200).shows("Vereinigte Staaten");
    let form = german.get("/addresses/new").await;
    assert_eq!(form.attribute("#country option[selected]", "value").as_deref(), Some("DE"));
    form.shows("Deutschland").hides("Germany");
}
