//! Security headers, caching and compression.

use crate::browser::Browser;
use crate::shop::{Shop, start_web};

#[tokio::test]
async fn every_response_has_security_headers() {
    let url = start_web("http://127.0.0.1:1").await;
    let mut browser = Browser::new(&url);
    for path in ["/help", "/no-such-page", "/assets/shop.css", "/robots.txt"] {
        let response = browser.get(path).await;
        let policy = response.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'"), "{path}: {policy}");
        assert_eq!(response.header("x-content-type-options"), "nosniff");
        assert_eq!(response.header("referrer-policy"), "same-origin");
        assert_eq!(response.header("cross-origin-resource-policy"), "same-origin");
        assert!(response.header("strict-transport-security").is_empty());
        assert!(!response.header("x-request-id").is_empty());
    }
}

#[tokio::test]
async fn unchanged_page_is_not_sent_again() {
    let shop = Shop::start().await;
    let mut browser = shop.browser();
    let first = browser.get("/products").await;
    assert_eq!(first.header("cache-control"), "private, no-cache");
    assert!(first.header("vary").contains("cookie"));
    let request = browser.page_request("/products").header("if-none-match", first.header("etag"));
    let second = browser.send(request).await;
    second.is(304);
    assert!(second.body.is_empty());
    let personal = shop.customer().await.get("/account").await;
    assert_eq!(personal.header("cache-control"), "no-store");
}

#[tokio::test]
async fn assets_are_immutable_and_compressed() {
    let url = start_web("http://127.0.0.1:1").await;
    let mut browser = Browser::new(&url);
    let page = browser.get("/help").await;
    let sheet = page.attribute("link[rel=stylesheet]", "href").expect("a style sheet");
    let request = browser.page_request(&sheet).header("accept-encoding", "gzip");
    let css = browser.send_for_headers(request).await;
    assert_eq!(css.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(css.header("content-encoding"), "gzip");
    let old = browser.get("/assets/shop-0123456789ab.css").await;
    assert_eq!(old.is(200).header("cache-control"), "no-cache");
    browser.get("/assets/no-such-0123.css").await.is(404);
    let image = browser.get("/images/products/desk-lamp.svg").await;
    assert_eq!(image.is(200).header("cross-origin-resource-policy"), "cross-origin");
    assert_eq!(image.header("content-type"), "image/svg+xml");
}

#[tokio::test]
async fn service_worker_stores_the_offline_page_and_its_assets() {
    let url = start_web("http://127.0.0.1:1").await;
    let mut browser = Browser::new(&url);
    let worker = browser.get("/sw.js").await;
    assert_eq!(worker.is(200).header("cache-control"), "no-cache");
    assert_eq!(worker.header("content-type"), "text/javascript; charset=utf-8");
    for path in ["/api", "/docs", "/openapi.json", "/.well-known"] {
        assert!(worker.body.contains(&format!("\"{path}\"")), "{path}: {}", worker.body);
    }
    let page = browser.get("/offline").await;
    assert!(worker.body.contains(page.header("etag").trim_start_matches("W/").trim_matches('"')));
    for (selector, attribute) in [
        ("link[href*='/shop-']", "href"),
        ("link[href*='/theme-']", "href"),
        ("link[rel=icon]", "href"),
        ("script[type=module]", "src"),
        (".header-link use", "href"),
    ] {
        let asset = page.attribute(selector, attribute).expect(selector);
        let asset = asset.split('#').next().expect("a path").to_owned();
        assert!(worker.body.contains(&format!("\"{asset}\"")), "{asset}: {}", worker.body);
        browser.get(&asset).await.is(200);
    }
    browser.cookies.insert("theme".to_owned(), "dark".to_owned());
    browser.cookies.insert("refresh".to_owned(), "ptoken".to_owned());
    assert_eq!(browser.get("/sw.js").await.body, worker.body);
}

#[tokio::test]
async fn large_page_is_compressed() {
    let url = start_web("http://127.0.0.1:1").await;
    let mut browser = Browser::new(&url);
    let request = browser.page_request("/help").header("accept-encoding", "gzip");
    assert_eq!(browser.send_for_headers(request).await.header("content-encoding"), "gzip");
    let request = browser.page_request("/help").header("accept-encoding", "identity;q=0");
    browser.send(request).await.is(200);
}
