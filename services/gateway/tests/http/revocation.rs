//! Administrators and ended sessions lose access although their access tokens have not expired.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use shop_fixture::Service;
use tokio::time::{Instant, sleep};

use crate::fake_user;
use crate::shop::{Customer, Gateway, PASSWORD, Shop, text};

/// Longest time until the tokens of an ended session are refused.
const LIMIT: Duration = Duration::from_secs(5);

/// Signs in again.
async fn sign_in<'a>(shop: &'a Shop, customer: &Customer<'_>) -> Customer<'a> {
    let pair = json!({"email": customer.email, "password": PASSWORD});
    let tokens = shop.post("/api/v1/auth/login", &pair).await.is(200, "").json();
    shop.signed_in(&customer.email, tokens)
}

/// Changes the access of an account as the shop's administrator.
async fn set_access(shop: &Shop, id: &str, changes: &Value) {
    let path = format!("/api/v1/admin/users/{id}");
    shop.gateway.admin(Method::PATCH, &path).json(changes).send().await.is(200, "");
}

/// Registers an administrator, signed in.
async fn administrator(shop: &Shop) -> Customer<'_> {
    let customer = shop.customer().await;
    set_access(shop, &customer.id(), &json!({"role": "admin"})).await;
    sign_in(shop, &customer).await
}

/// Waits until the customer's token is refused, and fails after [`LIMIT`].
async fn assert_refused(customer: &Customer<'_>) {
    let start = Instant::now();
    while customer.get("/api/v1/cart").await.status == 200 {
        assert!(start.elapsed() < LIMIT, "the token is still accepted");
        sleep(Duration::from_millis(50)).await;
    }
    customer.get("/api/v1/cart").await.is(401, "session_ended");
}

/// Waits until the gateway knows (1) or does not know (0) the ended sessions.
async fn wait_for_watch(shop: &Shop, connected: u8) {
    let line = format!("gateway_session_watch_connected {connected}");
    let wait = async {
        while !shop.gateway.runtime.metrics().text().contains(&line) {
            sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(15), wait).await.expect(&line);
}

const ADMIN_READS: [&str; 3] = [
    "/api/v1/admin/users",
    "/api/v1/admin/notifications",
    "/api/v1/products?include_inactive=true",
];

/// Fails unless the response shows that the caller is no administrator, or is not signed in.
#[track_caller]
fn assert_no_rights((status, code): (u16, String)) {
    assert!(matches!((status, &*code), (403, "forbidden") | (401, "session_ended")), "{code}");
}

#[tokio::test]
async fn demoted_administrator_loses_access_at_once() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = administrator(&shop).await;
    let hidden = shop.product_id("laptop-backpack").await;
    let path = format!("/api/v1/admin/products/{hidden}");
    shop.gateway.admin(Method::DELETE, &path).send().await.is(204, "");
    let hidden = format!("/api/v1/products/{hidden}");
    for path in ADMIN_READS.iter().chain([&&*hidden]) {
        ada.get(path).await.is(200, "");
    }
    set_access(&shop, &ada.id(), &json!({"role": "customer"})).await;
    let promote = json!({"role": "admin"});
    let path = format!("/api/v1/admin/users/{}", ada.id());
    let promotion = ada.request(Method::PATCH, &path).json(&promote).send().await;
    assert_no_rights(promotion.status_and_code());
    for path in ADMIN_READS {
        assert_no_rights(ada.get(path).await.status_and_code());
    }
    assert_ne!(ada.get(&hidden).await.status, 200);
}

/// The previous release of `user` changes a role without ending the sessions.
#[tokio::test]
async fn role_of_the_account_replaces_that_of_the_token() {
    let user = format!("http://{}", fake_user::start("customer").await);
    let unused_address = "127.0.0.1:1".parse().expect("an address");
    let gateway = Gateway::start_with(unused_address, &["--user-url", &user]).await;
    for path in ADMIN_READS {
        gateway.admin(Method::GET, path).send().await.is(403, "forbidden");
    }
}

#[tokio::test]
async fn disabled_administrator_loses_access_at_once() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = administrator(&shop).await;
    ada.get("/api/v1/admin/users").await.is(200, "");
    set_access(&shop, &ada.id(), &json!({"disabled": true})).await;
    for path in ADMIN_READS {
        ada.get(path).await.is(401, "session_ended");
    }
}

#[tokio::test]
async fn tokens_of_ended_sessions_are_refused_within_five_seconds() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    wait_for_watch(&shop, 1).await;
    let ada = shop.customer().await;
    let (phone, tablet) = (sign_in(&shop, &ada).await, sign_in(&shop, &ada).await);
    let logout = json!({"refresh_token": phone.refresh_token()});
    phone.post("/api/v1/auth/logout", &logout).await.is(204, "");
    assert_refused(&phone).await;
    tablet.get("/api/v1/cart").await.is(200, "");

    let change = json!({"current_password": PASSWORD, "new_password": "another horse battery"});
    ada.post("/api/v1/auth/password/change", &change).await.is(204, "");
    assert_refused(&tablet).await;
    ada.get("/api/v1/cart").await.is(200, "");

    let bob = shop.customer().await;
    set_access(&shop, &ada.id(), &json!({"disabled": true})).await;
    assert_refused(&ada).await;
    bob.get("/api/v1/cart").await.is(200, "");
}

#[tokio::test]
async fn outage_of_user_service_refuses_administrators_only() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    wait_for_watch(&shop, 1).await;
    let (ada, bob) = (shop.customer().await, shop.customer().await);
    let root = administrator(&shop).await;
    set_access(&shop, &ada.id(), &json!({"disabled": true})).await;
    assert_refused(&ada).await;

    shop.services.stop(Service::User).await;
    wait_for_watch(&shop, 0).await;
    let refused = root.get("/api/v1/admin/notifications").await;
    assert!(!refused.is(503, "unavailable").header("retry-after").is_empty());
    bob.get("/api/v1/cart").await.is(200, "");
    ada.get("/api/v1/cart").await.is(401, "session_ended");

    // Sessions that end meanwhile are known as soon as the service is back.
    shop.services.end_sessions(&bob.id()).await;
    bob.get("/api/v1/cart").await.is(200, "");
    shop.services.start_service(Service::User).await;
    wait_for_watch(&shop, 1).await;
    assert_refused(&bob).await;
    let recovered = async {
        while root.get("/api/v1/admin/notifications").await.status != 200 {
            sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(15), recovered).await.expect("administration");
    assert_eq!(text(&root.get("/api/v1/me").await.json()["role"]), "admin");
}
