//! Sessions: sign-in, refresh, sign-out, and outages.

use futures::future::join_all;
use shop_fixture::Service;

use crate::browser::Browser;
use crate::shop::{PASSWORD, Shop, start_web_at};

#[tokio::test]
async fn sign_in_leads_to_the_wanted_page() {
    let shop = Shop::start().await;
    let (_, email) = shop.customer_with_email().await;
    let mut browser = shop.browser();
    let wanted = browser.get("/orders?status=shipped").await;
    assert_eq!(wanted.location(), "/login?next=%2Forders%3Fstatus%3Dshipped&reason=required");
    browser.follow(&wanted).await.is(200).shows("Please sign in to continue.");
    let wrong = browser.submit("/login", &[("email", &email), ("password", "wrong")]).await;
    wrong.is(422).shows("The e-mail address or the password is wrong.");
    assert!(!wrong.body.contains("value=\"wrong\""));
    let right = browser.submit("/login", &[("email", &email), ("password", PASSWORD)]).await;
    assert_eq!(right.location(), "/orders?status=shipped");
    browser.follow(&right).await.is(200);
}

#[tokio::test]
async fn sign_in_leads_to_no_other_site() {
    let shop = Shop::start().await;
    let (_, email) = shop.customer_with_email().await;
    for next in ["//evil.example", "/\\evil.example", "https://evil.example"] {
        let mut browser = shop.browser();
        let form = [("email", &*email), ("password", PASSWORD), ("next", next)];
        assert_eq!(browser.submit_to("/login", &form).await.location(), "/");
    }
}

#[tokio::test]
async fn absent_access_cookie_is_refreshed_once_for_concurrent_pages() {
    let shop = Shop::start().await;
    let browser = shop.customer().await;
    let refresh = browser.cookies["refresh"].clone();
    let pages = (0..4).map(|_| async {
        let mut tab = shop.browser();
        tab.cookies.insert("refresh".to_owned(), refresh.clone());
        tab.get("/account").await.is(200);
        tab.cookies
    });
    let cookies = join_all(pages).await;
    for tab in &cookies {
        assert_ne!(tab["refresh"], refresh);
        assert_eq!(tab["refresh"], cookies[0]["refresh"]);
    }
}

#[tokio::test]
async fn rejected_refresh_token_signs_the_browser_out() {
    let shop = Shop::start().await;
    let mut browser = shop.browser();
    browser.cookies.insert("refresh".to_owned(), "pforged".to_owned());
    let account = browser.get("/account").await;
    assert!(account.location().starts_with("/login"));
    assert!(!browser.cookies.contains_key("refresh"));
    browser.cookies.insert("refresh".to_owned(), "pforged".to_owned());
    browser.get("/products").await.is(200);
}

#[tokio::test]
async fn invalid_access_token_does_not_block_browsing() {
    let shop = Shop::start().await;
    let mut browser = shop.browser();
    browser.cookies.insert("access".to_owned(), "forged".to_owned());
    browser.get("/").await.is(200);
    browser.get("/products/walden").await.is(200);
    assert!(browser.get("/account").await.location().starts_with("/login"));
    assert!(!browser.cookies.contains_key("access"));
}

#[tokio::test]
async fn outage_of_accounts_keeps_the_session_and_browsing() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    shop.services.stop(Service::User).await;
    browser.cookies.remove("access");
    browser.get("/products").await.is(200);
    let account = browser.get("/account").await;
    assert!(matches!(account.status.as_u16(), 503 | 504), "{account:?}");
    assert!(browser.cookies.contains_key("refresh"));
    shop.services.start_service(Service::User).await;
    let recovered = async {
        while browser.get("/account").await.status != 200 {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    };
    let timeout = std::time::Duration::from_secs(60);
    tokio::time::timeout(timeout, recovered).await.expect("the session works again");
}

#[tokio::test]
async fn sign_out_ends_the_session() {
    let shop = Shop::start().await;
    let mut browser = shop.customer().await;
    browser.get("/").await.is(200).shows("Sign out");
    let cookies = browser.cookies.clone();
    let home = browser.submit("/logout", &[]).await;
    browser.follow(&home).await.is(200).shows("You are signed out.").hides("Sign out");
    let mut thief = shop.browser();
    thief.cookies.insert("refresh".to_owned(), cookies["refresh"].clone());
    assert!(thief.get("/account").await.location().starts_with("/login"));
}

#[tokio::test]
async fn remembered_session_outlives_the_browser() {
    let shop = Shop::start().await;
    let (_, email) = shop.customer_with_email().await;
    for (remember, max_age) in [(true, true), (false, false)] {
        let mut browser = shop.browser();
        let mut form = vec![("email", &*email), ("password", PASSWORD)];
        if remember {
            form.push(("remember", "1"));
        }
        let response = browser.submit_to("/login", &form).await;
        let cookies = response.headers.get_all("set-cookie").iter();
        let cookie = cookies.filter_map(|value| value.to_str().ok());
        let refresh = cookie.filter(|value| value.starts_with("refresh=")).collect::<String>();
        assert_eq!(refresh.contains("Max-Age"), max_age, "{refresh}");
        assert!(refresh.contains("HttpOnly") && refresh.contains("SameSite=Lax"), "{refresh}");
    }
}

#[tokio::test]
async fn https_shop_has_secure_cookies() {
    let url = start_web_at("https://shop.example.com").await;
    let mut browser = Browser::new(&url);
    let request = browser.form_request("/theme", &[("theme", "dark"), ("next", "/help")]);
    let response = browser.send(request.header("sec-fetch-site", "same-origin")).await;
    response.is(303);
    let cookie = response.header("set-cookie");
    assert!(cookie.starts_with("__Host-theme=dark;") && cookie.contains("Secure"), "{cookie}");
    assert_eq!(response.header("strict-transport-security"), "max-age=31536000");
}
