//! The sitemap of small and large shops.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::browser::Browser;
use crate::fake_gateway::start_fake_gateway;
use crate::shop::start_web;

/// Products per part, and pages that are not of products.
const PART: u64 = 2_000;
const PAGES: usize = 6;

#[derive(Deserialize)]
struct Paging {
    page: u64,
    page_size: u64,
}

/// A catalog with any number of products, of which every 50th call exceeds the rate limit.
#[derive(Clone, Default)]
struct Catalog {
    products: Arc<AtomicU64>,
    calls: Arc<AtomicU64>,
}

impl Catalog {
    fn with_products(count: u64) -> Self {
        let catalog = Self::default();
        catalog.products.store(count, Ordering::Relaxed);
        catalog
    }

    async fn open(&self) -> Browser {
        let catalog = self.clone();
        let list = move |Query(paging): Query<Paging>| async move { catalog.list(&paging) };
        let routes = Router::new()
            .route("/products", get(list))
            .route("/categories", get(|| async { Json(json!({"categories": []})) }));
        Browser::new(&start_web(&start_fake_gateway(routes).await).await)
    }

    fn list(&self, paging: &Paging) -> Response {
        if self.calls.fetch_add(1, Ordering::Relaxed) % 50 == 49 {
            let problem = Json(json!({"code": "rate_limited"}));
            return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "0")], problem)
                .into_response();
        }
        let count = self.products.load(Ordering::Relaxed);
        let start = (paging.page - 1) * paging.page_size;
        let product = |index: u64| {
            json!({
                "id": uuid::Uuid::from_u128(index.into()), "name": "", "description": "",
                "slug": format!("product-{}", count - index), "category_id": null,
                "price": {"currency": "USD", "amount_cents": 500}, "image_urls": [],
                "stock_quantity": 9,
            })
        };
        let products: Vec<_> = (start..count.min(start + paging.page_size)).map(product).collect();
        let pagination = json!({
            "page": paging.page, "total_pages": count.div_ceil(paging.page_size),
            "total_count": count,
        });
        Json(json!({"products": products, "pagination": pagination})).into_response()
    }
}

/// Returns the URLs of a sitemap, without the origin.
async fn locations(browser: &mut Browser, path: &str) -> Vec<String> {
    let sitemap = browser.get(path).await;
    sitemap.is(200);
    let after = sitemap.body.split("<loc>").skip(1);
    let urls = after.filter_map(|rest| rest.split("</loc>").next());
    let path = |url: &str| url.splitn(4, '/').nth(3).map(|path| format!("/{path}"));
    urls.filter_map(path).collect()
}

#[tokio::test]
async fn sitemap_of_many_products_lists_parts_that_contain_all() {
    let count = 50_000;
    let mut browser = Catalog::with_products(count).open().await;
    let parts = locations(&mut browser, "/sitemap.xml").await;
    assert_eq!(parts.len() as u64, count / PART);
    let mut found = std::collections::BTreeSet::new();
    for part in parts {
        found.extend(locations(&mut browser, &part).await);
    }
    assert_eq!(found.len(), PAGES + usize::try_from(count).expect("a number"));
    for path in ["/sitemap.xml?part=26", "/sitemap.xml?part=0", "/sitemap.xml?part=x"] {
        browser.get(path).await.is(404);
    }
}

#[tokio::test]
async fn sitemap_of_few_products_has_no_parts() {
    for count in [0, 1, PART] {
        let mut browser = Catalog::with_products(count).open().await;
        let found = locations(&mut browser, "/sitemap.xml").await;
        assert_eq!(found.len() as u64, PAGES as u64 + count);
    }
}

#[tokio::test]
async fn new_product_is_in_the_sitemap_when_its_copies_expire() {
    let catalog = Catalog::with_products(1);
    let mut browser = catalog.open().await;
    let sitemap = browser.get("/sitemap.xml").await;
    assert_eq!(sitemap.header("cache-control"), "public, max-age=600");
    sitemap.is(200);
    catalog.products.store(2, Ordering::Relaxed);
    let found = locations(&mut browser, "/sitemap.xml").await;
    assert!(found.contains(&"/products/product-2".to_owned()), "{found:?}");
}
