//! Verification and change of the e-mail address.

use reqwest::Method;
use serde_json::json;

use crate::shop::{PASSWORD, Shop};

#[tokio::test]
async fn address_is_verified_and_changed_with_mailed_tokens() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    assert_eq!(ada.tokens["user"]["email_verified"], false);
    let mail = shop.mail_inbox.wait_for(1, &ada.email).await.remove(0).to_string();
    for text in ["Ada", "Lovelace", "verify-email?token="] {
        assert!(!mail.contains(text), "{mail}");
    }
    ada.request(Method::POST, "/api/v1/me/verify-email").send().await.is(202, "");
    let verify =
        async |token: &str| shop.post("/api/v1/auth/verify-email", &json!({"token": token})).await;
    let token = shop.mail_inbox.verification_token(&ada.email).await;
    verify(&token).await.is(204, "");
    assert_eq!(ada.get("/api/v1/me").await.is(200, "").json()["email_verified"], true);
    let repeated = verify(&token).await;
    repeated.is(400, "invalid_request");
    assert_eq!(repeated.fields()[0].0, "token");

    let new = format!("new.{}", ada.email);
    let change = async |email: &str, password: &str| {
        let body = json!({"email": email, "current_password": password});
        ada.post("/api/v1/me/email", &body).await
    };
    let wrong = change(&new, "wrong horse battery").await;
    wrong.is(400, "invalid_request");
    assert_eq!(wrong.fields()[0].0, "current_password");
    let wrong = change("new", "").await;
    assert_eq!(wrong.is(400, "invalid_request").fields().len(), 2);
    change(&new, PASSWORD).await.is(202, "");
    verify(&shop.mail_inbox.verification_token(&new).await).await.is(204, "");
    assert_eq!(ada.get("/api/v1/me").await.json()["email"], new);
    let pair = json!({"email": new, "password": PASSWORD});
    shop.post("/api/v1/auth/login", &pair).await.is(200, "");
}

#[tokio::test]
async fn name_that_looks_like_a_link_is_rejected() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let body = json!({
        "email": "eve@example.com", "password": PASSWORD, "first_name": "Win at example.com",
    });
    let response = shop.post("/api/v1/auth/register", &body).await;
    response.is(400, "invalid_request");
    assert_eq!(response.fields()[0].0, "first_name");
}
