//! Refresh of sessions, in front of a gateway that the test controls.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::fake_gateway::start_fake_gateway;
use crate::shop::start_web;

/// Duration of a refresh: longer than a page waits for its optional parts.
const REFRESH: Duration = Duration::from_millis(600);

/// The token that the gateway accepts.
const FRESH: &str = "fresh";

/// Instead of a token: the gateway answers no refresh.
const OUTAGE: &str = "outage";

/// A web shop in front of a gateway whose only account is signed in.
struct Shop {
    url: String,
    refreshes: Arc<AtomicUsize>,
}

impl Shop {
    /// Starts a shop whose gateway accepts this token. Its refresh returns the token [`FRESH`].
    async fn start(accepted: &'static str) -> Self {
        let refreshes = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&refreshes);
        let refresh = move || async move {
            count.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(REFRESH).await;
            if accepted == OUTAGE {
                return Err(StatusCode::SERVICE_UNAVAILABLE);
            }
            Ok(Json(json!({"access_token": FRESH, "refresh_token": "next", "expires_in": 900})))
        };
        let addresses = move |headers: HeaderMap| async move { addresses(accepted, &headers) };
        let gateway =
            Router::new().route("/auth/refresh", post(refresh)).route("/addresses", get(addresses));
        let url = start_web(&start_fake_gateway(gateway).await).await;
        Self { url, refreshes }
    }

    /// Returns a browser with these cookies.
    fn browser(&self, cookies: &[(&str, &str)]) -> Browser {
        let mut browser = Browser::new(&self.url);
        let cookies = cookies.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        browser.cookies = cookies.collect();
        browser
    }
}

fn addresses(accepted: &str, headers: &HeaderMap) -> (StatusCode, Json<Value>) {
    let token = headers.get("authorization").and_then(|value| value.to_str().ok());
    match token.and_then(|token| token.strip_prefix("Bearer ")) == Some(accepted) {
        true => (StatusCode::OK, Json(json!({"addresses": []}))),
        false => (StatusCode::UNAUTHORIZED, Json(json!({"code": "invalid_token"}))),
    }
}

#[tokio::test]
async fn tokens_of_a_slow_refresh_are_kept_by_pages_and_errors() {
    let shop = Shop::start(FRESH).await;
    for (path, status) in [("/help", 200), ("/products/no-such-product", 404), ("/addresses", 200)]
    {
        let mut browser = shop.browser(&[("refresh", &format!("p{path}"))]);
        browser.get(path).await.is(status);
        assert_eq!(browser.cookies.get("access").map(String::as_str), Some(FRESH), "{path}");
        assert_eq!(browser.cookies["refresh"], "pnext", "{path}");
    }
    let mut browser = shop.browser(&[("refresh", "pform")]);
    browser.submit_to("/theme", &[("theme", "sepia")]).await.is(400);
    assert_eq!(browser.cookies["refresh"], "pnext");
    assert_eq!(shop.refreshes.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn failed_refresh_is_not_repeated_for_the_same_page() {
    let shop = Shop::start(OUTAGE).await;
    let mut browser = shop.browser(&[("refresh", "pold")]);
    browser.get("/help").await.is(200);
    assert_eq!(browser.cookies["refresh"], "pold");
    assert_eq!(shop.refreshes.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn sign_out_ends_a_session_that_is_being_refreshed() {
    let shop = Shop::start(FRESH).await;
    let mut browser = shop.browser(&[("refresh", "pold")]);
    browser.submit_to("/logout", &[]).await.is(303);
    assert_eq!(browser.cookies.get("access"), None);
    assert_eq!(browser.cookies.get("refresh"), None);
}

#[tokio::test]
async fn files_and_unknown_paths_use_no_refresh_token() {
    let shop = Shop::start(FRESH).await;
    let mut browser = shop.browser(&[("refresh", "pold")]);
    for path in [
        "/no-such-page",
        "/robots.txt",
        "/site.webmanifest",
        "/sitemap.xml",
        "/sw.js",
        "/assets/shop.css",
        "/images/products/walden.svg",
    ] {
        let response = browser.get(path).await;
        assert_eq!(response.header("set-cookie"), "", "{path}");
    }
    assert_eq!(browser.cookies["refresh"], "pold");
    assert_eq!(shop.refreshes.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn invalid_token_is_refreshed_once() {
    let shop = Shop::start(FRESH).await;
    let mut browser = shop.browser(&[("access", "old-key"), ("refresh", "pold")]);
    browser.get("/addresses").await.is(200).shows("You have no saved address.");
    assert_eq!(browser.cookies["access"], FRESH);
    assert_eq!(shop.refreshes.load(Ordering::Relaxed), 1);
}

/// A replica of the gateway that does not know the new key yet.
#[tokio::test]
async fn rejected_fresh_token_signs_nobody_out() {
    let shop = Shop::start("none").await;
    let mut browser = shop.browser(&[("access", "old-key"), ("refresh", "pold")]);
    browser.get("/addresses").await.is(503);
    assert_eq!(browser.cookies["refresh"], "pnext");
}
