//! Error pages.

use crate::browser::Browser;
use crate::shop::{Shop, start_web};

#[tokio::test]
async fn unknown_path_is_a_page_with_the_request_id() {
    let shop = Shop::start().await;
    let mut browser = shop.browser();
    let request = browser.page_request("/no-such-page").header("x-request-id", "r-1");
    let page = browser.send(request).await;
    page.is(404).shows("There is no such page").shows("r-1");
    assert_eq!(page.count("h1"), 1);
    assert_eq!(page.header("cache-control"), "no-store");
    let wrong_method = browser.submit_to("/products", &[]).await;
    wrong_method.is(405).shows("cannot be used this way");
    assert_eq!(wrong_method.header("allow"), "GET,HEAD");
}

#[tokio::test]
async fn shop_without_gateway_shows_that_it_is_unavailable() {
    let url = start_web("http://127.0.0.1:1").await;
    let mut browser = Browser::new(&url);
    browser.cookies.insert("refresh".to_owned(), "ptoken".to_owned());
    let home = browser.get("/").await;
    home.is(503).shows("The shop takes a short break").shows("Try again");
    assert!(browser.cookies.contains_key("refresh"));
    browser.get("/help").await.is(200);
    browser.get("/account").await;
    assert!(browser.cookies.contains_key("refresh"));
}

#[tokio::test]
async fn cross_site_form_is_rejected() {
    let url = start_web("http://127.0.0.1:1").await;
    let mut browser = Browser::new(&url);
    let fields = [("theme", "dark")];
    for (name, value, status) in [
        ("origin", "https://evil.example", 403),
        ("origin", "null", 403),
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "same-site", 403),
        ("sec-fetch-site", "same-origin", 303),
        ("origin", &*url, 303),
    ] {
        let request = browser.form_request("/theme", &fields).header(name, value);
        let response = browser.send(request).await;
        response.is(status);
        if status == 403 {
            response.shows("did not come from the shop");
        }
    }
}

#[tokio::test]
async fn unreadable_and_large_forms_are_rejected() {
    let url = start_web("http://127.0.0.1:1").await;
    let mut browser = Browser::new(&url);
    browser.submit_to("/theme", &[("theme", "sepia")]).await.is(400);
    browser.submit_to("/theme", &[]).await.is(400);
    let large = "a".repeat(70_000);
    browser.submit_to("/theme", &[("theme", &large)]).await.is(413).shows("That was too much");
}
