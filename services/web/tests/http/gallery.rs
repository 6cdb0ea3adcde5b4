//! The images of a product.

use axum::routing::get;
use axum::{Json, Router};
use serde_json::json;

use crate::browser::Browser;
use crate::fake_gateway::start_fake_gateway;
use crate::shop::start_web;

/// Starts a gateway with a product that has these images.
async fn start_gateway(images: &[&str]) -> String {
    let product = json!({
        "id": uuid::Uuid::nil(), "name": "Lamp", "slug": "lamp", "description": "",
        "price": {"currency": "USD", "amount_cents": 500}, "category_id": null,
        "image_urls": images, "stock_quantity": 9,
    });
    start_fake_gateway(Router::new().route("/products/lamp", get(|| async { Json(product) }))).await
}

#[tokio::test]
async fn each_of_several_images_has_a_link() {
    let images = ["/images/products/desk-lamp.svg", "/images/products/walden.svg"];
    let gateway = start_gateway(&images).await;
    let page = Browser::new(&start_web(&gateway).await).get("/products/lamp").await;
    page.is(200);
    for (number, src) in (1..).zip(images) {
        let image = format!(".product-images[tabindex='0'] #image-{number} img[src='{src}']");
        let alt = page.attribute(&image, "alt");
        assert_eq!(alt, Some(format!("Lamp, Image {number}")));
        assert_eq!(page.count(&format!(".product-thumbnails a[href='#image-{number}']")), 1);
        assert!(page.body.contains(&format!("{src}\"")), "structured data");
    }
    assert_eq!(page.count(".product-images img[fetchpriority]"), 1);
}

#[tokio::test]
async fn one_image_has_no_links_and_does_not_scroll() {
    let missing = "/images/products/no-such.svg";
    let gateway = start_gateway(&["/images/products/desk-lamp.svg", missing]).await;
    let page = Browser::new(&start_web(&gateway).await).get("/products/lamp").await;
    assert_eq!(page.is(200).count(".product-image img[alt='Lamp']"), 1);
    assert_eq!(page.count(".product-thumbnails, .product-images"), 0);
}
