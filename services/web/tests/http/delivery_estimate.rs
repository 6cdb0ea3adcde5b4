//! The cost and day of the delivery on the page of a product.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;
use shop_fixture::Service;

use crate::browser::{Browser, Response};
use crate::fake_gateway::start_fake_gateway;
use crate::shop::{Shop, get_complete, start_web};

const ESTIMATE: &str = "Delivery from $";
const NO_ESTIMATE: &str = "The delivery date and cost are shown before you pay";

#[tokio::test]
async fn product_shows_cost_and_day_of_the_cheapest_delivery() {
    let shop = Shop::start().await;
    let mut browser = shop.browser();
    let shows = |text| move |page: &Response| page.text().contains(text);
    let page = get_complete(&mut browser, "/products/desk-lamp", shows(ESTIMATE)).await;
    page.is(200).shows(ESTIMATE).shows(", arrives by ").hides(NO_ESTIMATE);
    page.shows("Estimate for one item. Destination: United States of America");
    let mut german = shop.open_another(&["--locale", "de-DE"], &browser).await;
    let page = get_complete(&mut german, "/products/desk-lamp", shows("Lieferung ab")).await;
    page.is(200).shows("Ankunft bis").shows("Ziel: Deutschland");

    shop.services.stop(Service::Shipping).await;
    let page = browser.get("/products/walden").await;
    page.is(200).shows("Add to cart").shows(NO_ESTIMATE).hides(ESTIMATE);
    browser.get("/products/desk-lamp").await.is(200).shows(ESTIMATE);
}

/// A gateway with one product, which counts its requests for shipping quotes.
struct Gateway {
    url: String,
    quotes: Arc<AtomicUsize>,
}

impl Gateway {
    async fn start(stock: i64, is_hanging: bool) -> Self {
        let price = json!({"currency": "USD", "amount_cents": 500});
        let product = json!({
            "id": uuid::Uuid::from_u128(1), "name": "Lamp", "slug": "lamp", "description": "",
            "price": price, "category_id": null, "image_urls": [], "stock_quantity": stock,
        });
        let pagination = json!({"page": 1, "total_pages": 1, "total_count": 0});
        let quote =
            json!({"carrier": "USPS", "service": "First", "cost": price, "estimated_days": 5});
        let quotes = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&quotes);
        let list_quotes = move || async move {
            counter.fetch_add(1, Ordering::Relaxed);
            if is_hanging {
                std::future::pending::<()>().await;
            }
            Json(json!({"quotes": [quote]}))
        };
        let routes = Router::new()
            .route("/products/lamp", get(|| async move { Json(product) }))
            .route(
                "/products",
                get(|| async move { Json(json!({"products": [], "pagination": pagination})) }),
            )
            .route("/categories", get(|| async { Json(json!({"categories": []})) }))
            .route("/shipping/quotes", get(list_quotes));
        Self { url: start_fake_gateway(routes).await, quotes }
    }

    fn quotes(&self) -> usize {
        self.quotes.load(Ordering::Relaxed)
    }
}

#[tokio::test]
async fn views_of_a_product_share_one_request_for_quotes() {
    let gateway = Gateway::start(9, false).await;
    let mut browser = Browser::new(&start_web(&gateway.url).await);
    for _ in 0..5 {
        browser.get("/products/lamp").await.is(200).shows("Delivery from $5.00, arrives by ");
    }
    assert_eq!(gateway.quotes(), 1);
}

#[tokio::test]
async fn product_does_not_wait_for_shipping_quotes_that_hang() {
    let gateway = Gateway::start(9, true).await;
    let mut browser = Browser::new(&start_web(&gateway.url).await);
    let started = Instant::now();
    for _ in 0..5 {
        browser.get("/products/lamp").await.is(200).shows("Add to cart").shows(NO_ESTIMATE);
    }
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert_eq!(gateway.quotes(), 1);
}

#[tokio::test]
async fn product_that_is_sold_out_has_no_delivery() {
    let gateway = Gateway::start(0, false).await;
    let mut browser = Browser::new(&start_web(&gateway.url).await);
    browser.get("/products/lamp").await.is(200).shows(NO_ESTIMATE);
    assert_eq!(gateway.quotes(), 0);
}
