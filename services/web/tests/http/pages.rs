//! Every page: that it is in the list of these tests, and what all pages have in common.

use std::collections::BTreeSet;

use reqwest::Method;

use crate::browser::{Browser, Response};
use crate::shop::{Shop, start_web};

/// Pages that everybody sees.
const PUBLIC: [&str; 14] = [
    "/",
    "/products",
    "/products/{slug}",
    "/categories",
    "/categories/{slug}",
    "/search",
    "/cart",
    "/login",
    "/register",
    "/forgot-password",
    "/reset-password",
    "/verify-email",
    "/help",
    "/shipping-returns",
];

/// More pages that everybody sees.
const STATIC: [&str; 2] = ["/accessibility", "/offline"];

/// Pages of debug builds.
const DEBUG: &[&str] = if cfg!(debug_assertions) { &["/styleguide"] } else { &[] };

/// Pages of a customer.
const PERSONAL: [&str; 10] = [
    "/account",
    "/orders",
    "/addresses",
    "/addresses/new",
    "/payment-methods",
    "/wishlist",
    "/profile",
    "/security",
    "/privacy",
    "/checkout/address",
];

/// Pages that `shopping` and `guest` visit, with what they need.
const VISITED_ELSEWHERE: [&str; 7] = [
    "/checkout",
    "/checkout/contact",
    "/checkout/delivery",
    "/checkout/payment",
    "/checkout/review",
    "/orders/{id}",
    "/addresses/{id}",
];

/// Responses that are no pages.
const FILES: [&str; 7] = [
    "/assets/{file}",
    "/images/products/{file}",
    "/orders/{id}/live",
    "/robots.txt",
    "/sitemap.xml",
    "/site.webmanifest",
    "/sw.js",
];

/// An id of nothing.
const ID: &str = "0199d6a0-5b1e-7c3a-9a51-2f6f0b8f3a10";

/// Targets of forms.
const FORMS: [&str; 29] = [
    "/addresses/new",
    "/addresses/{id}",
    "/addresses/{id}/default",
    "/addresses/{id}/delete",
    "/cart/items",
    "/cart/items/{product}",
    "/checkout/address",
    "/checkout/payment",
    "/checkout/place",
    "/forgot-password",
    "/login",
    "/logout",
    "/orders/{id}/buy-again",
    "/orders/{id}/cancel",
    "/payment-methods",
    "/payment-methods/{id}/default",
    "/payment-methods/{id}/delete",
    "/profile",
    "/register",
    "/reset-password",
    "/security/email",
    "/security/password",
    "/security/sessions/{id}/end",
    "/security/sign-out-everywhere",
    "/security/verify-email",
    "/theme",
    "/verify-email",
    "/wishlist/items",
    "/wishlist/items/{product}/delete",
];

#[test]
fn every_route_is_in_the_lists_of_these_tests() {
    let lists: [&[&str]; 6] = [&PUBLIC, &STATIC, DEBUG, &PERSONAL, &VISITED_ELSEWHERE, &FILES];
    let pages: BTreeSet<&str> = lists.into_iter().flatten().copied().collect();
    let of_method = |method: Method| {
        let routes = web::routes().into_iter().filter(move |route| route.method == method);
        routes.map(|route| route.path).collect::<BTreeSet<&str>>()
    };
    assert_eq!(of_method(Method::GET), pages);
    assert_eq!(of_method(Method::POST), FORMS.into_iter().collect());
}

#[tokio::test]
async fn path_of_a_form_leads_to_a_page_when_it_is_opened() {
    let url = start_web("http://127.0.0.1:1").await;
    let mut browser = Browser::new(&url);
    let routes = web::routes();
    let is_page =
        |path: &str| routes.iter().any(|route| route.method == Method::GET && route.path == path);
    for template in FORMS.into_iter().filter(|path| !is_page(path)) {
        let path = template.replace("{id}", ID).replace("{product}", ID);
        let opened = browser.get(&path).await;
        let target = opened.is(303).location().replace(ID, "{id}");
        assert!(is_page(&target), "{template} leads to {target}");
    }
}

fn path_of(template: &str) -> String {
    let slug = if template.starts_with("/categories") { "books" } else { "walden" };
    template.replace("{slug}", slug)
}

/// Fails unless a page has what every page has.
#[track_caller]
pub(crate) fn assert_is_page(path: &str, page: &Response) {
    page.is(200);
    assert_eq!(page.count("h1"), 1, "{path}: headings of the first level");
    assert_eq!(page.count("main#main"), 1, "{path}");
    let title = page.attribute("title", "lang");
    assert_eq!(title, None);
    assert_eq!(page.attribute("html", "lang").as_deref(), Some("en-US"), "{path}");
    let description = page.attribute("meta[name=description]", "content");
    assert!(description.is_some_and(|text| !text.is_empty()), "{path}: description");
    assert_eq!(page.count("[style]"), 0, "{path}: blocked by the security policy");
    assert_eq!(page.count("script:not([type='application/ld+json'], [src])"), 0, "{path}");
    assert_eq!(page.count("img:not([alt])"), 0, "{path}");
    assert_eq!(page.count("img:not([width])"), 0, "{path}");
    let ids = page.body.matches(" id=\"").count();
    assert_eq!(page.count("[id]"), ids, "{path}");
}

async fn assert_pages(browser: &mut Browser, paths: &[&str]) {
    for template in paths {
        let path = path_of(template);
        let page = browser.get(&path).await;
        assert_is_page(&path, &page);
    }
}

#[tokio::test]
async fn pages_have_one_heading_and_no_inline_styles() {
    let shop = Shop::start().await;
    let mut guest = shop.browser();
    assert_pages(&mut guest, &PUBLIC).await;
    assert_pages(&mut guest, &STATIC).await;
    assert_pages(&mut guest, DEBUG).await;
    for path in PERSONAL {
        assert!(guest.get(path).await.location().starts_with("/login?next="), "{path}");
    }
    let mut customer = shop.customer().await;
    assert_pages(&mut customer, &PUBLIC).await;
    assert_pages(&mut customer, &PERSONAL).await;
}

#[tokio::test]
async fn public_pages_are_for_search_engines() {
    let shop = Shop::start().await;
    let mut browser = shop.browser();
    for (path, is_indexed) in [
        ("/", true),
        ("/products", true),
        ("/products/walden", true),
        ("/categories/books", true),
        ("/search?q=lamp", false),
        ("/products?sort=name", false),
        ("/cart", false),
        ("/login", false),
    ] {
        let page = browser.get(path).await;
        assert_eq!(page.is(200).count("meta[name=robots]") == 0, is_indexed, "{path}");
    }
    let product = browser.get("/products/walden").await;
    let canonical = product.attribute("link[rel=canonical]", "href");
    assert_eq!(canonical, Some(format!("{}/products/walden", shop.url)));
    assert!(product.body.contains("\"@type\":\"Offer\""), "{}", product.body);
    let filtered = browser.get("/products?sort=name").await;
    let canonical = filtered.attribute("link[rel=canonical]", "href");
    assert_eq!(canonical, Some(format!("{}/products", shop.url)));
    browser.get("/robots.txt").await.is(200).shows("Sitemap:");
    let sitemap = browser.get("/sitemap.xml").await;
    assert_eq!(sitemap.is(200).body.matches("<loc>").count(), 6 + 3 + 36);
    browser.get("/site.webmanifest").await.is(200);
}

#[tokio::test]
async fn theme_is_kept() {
    let shop = Shop::start().await;
    let mut browser = shop.browser();
    browser.get("/products?sort=name").await.is(200);
    let chosen = browser.submit("/theme", &[("theme", "dark")]).await;
    assert_eq!(chosen.location(), "/products?sort=name");
    let page = browser.follow(&chosen).await;
    assert_eq!(page.attribute("html", "data-theme").as_deref(), Some("dark"));
    browser.submit("/theme", &[("theme", "auto")]).await.is(303);
    assert!(!browser.cookies.contains_key("theme"));
}
