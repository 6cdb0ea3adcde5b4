//! Registration, sign-in, profiles, addresses, and their administration.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use shop_fixture::ACCOUNT_ID;
use uuid::Uuid;

use crate::shop::{PASSWORD, Shop, text};

const NEW_PASSWORD: &str = "another horse battery";

fn home() -> Value {
    json!({
        "label": "Home",
        "address": {
            "recipient": "Ada Lovelace", "street": "1 Main Street", "city": "Springfield",
            "state": "IL", "zip_code": "62701", "country": "us",
        },
    })
}

fn defaults(list: &Value) -> Vec<bool> {
    let addresses = list["addresses"].as_array().expect("addresses");
    addresses.iter().map(|entry| entry["is_default"].as_bool().expect("a flag")).collect()
}

#[tokio::test]
async fn customer_registers_signs_in_refreshes_and_edits_profile() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    assert_eq!(ada.tokens["token_type"], "Bearer");
    assert_eq!(ada.tokens["expires_in"], 900);
    assert_eq!(ada.tokens["user"]["role"], "customer");
    let credentials = json!({"email": ada.email.to_uppercase(), "password": PASSWORD});
    let taken = shop.post("/api/v1/auth/register", &credentials).await;
    let fields = taken.is(409, "email_taken").fields();
    assert_eq!(fields, [("email".to_owned(), "email_taken".to_owned())]);
    shop.mail_inbox.wait_for(1, &ada.email).await;

    let session = shop.post("/api/v1/auth/login", &credentials).await;
    assert_eq!(session.is(200, "").header("cache-control"), "private, no-store");
    let refresh = json!({"refresh_token": session.json()["refresh_token"]});
    let next = shop.post("/api/v1/auth/refresh", &refresh).await.is(200, "").json();
    assert_ne!(next["refresh_token"], refresh["refresh_token"]);

    let profile = ada.get("/api/v1/me").await;
    assert_eq!(profile.is(200, "").header("cache-control"), "private, no-store");
    assert_eq!(profile.json(), ada.tokens["user"]);
    let changes = json!({"phone": "+1 555 0100", "avatar_url": "https://example.com/ada.png"});
    let changed = ada.put("/api/v1/me", &changes).await.is(200, "").json();
    let profile = json!({
        "first_name": "Ada", "last_name": "Lovelace",
        "phone": "+1 555 0100", "avatar_url": "https://example.com/ada.png",
    });
    assert_eq!(changed["profile"], profile);
    let wrong = ada.put("/api/v1/me", &json!({"first_name": null, "phone": "call me"})).await;
    wrong.is(400, "invalid_request");
    assert_eq!(wrong.fields(), [("first_name".to_owned(), "wrong_type".to_owned())]);
    let wrong = ada.put("/api/v1/me", &json!({"phone": "call me", "avatar_url": "ada.png"})).await;
    let fields: Vec<_> = wrong.fields().into_iter().map(|(field, _)| field).collect();
    assert_eq!(fields, ["phone", "avatar_url"]);
}

#[tokio::test]
async fn sign_in_errors_do_not_reveal_accounts_and_are_limited() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let mut details = Vec::new();
    for email in [&*ada.email, "nobody@example.com"] {
        let pair = json!({"email": email, "password": NEW_PASSWORD});
        let response = shop.post("/api/v1/auth/login", &pair).await;
        response.is(401, "invalid_credentials");
        details.push(response.json()["detail"].clone());
    }
    assert_eq!(details[0], details[1]);
    // The first attempts are not limited, because users mistype passwords. Further attempts are
    // limited, even with the correct password.
    let wrong = json!({"email": ada.email, "password": NEW_PASSWORD});
    let mut limited = None;
    for _ in 0..20 {
        let response = shop.post("/api/v1/auth/login", &wrong).await;
        if response.status == 429 {
            limited = Some(response);
            break;
        }
    }
    let limited = limited.expect("guessing is limited");
    limited.is(429, "too_many_attempts");
    let right = json!({"email": ada.email, "password": PASSWORD});
    shop.post("/api/v1/auth/login", &right).await.is(429, "too_many_attempts");
}

#[tokio::test]
async fn strangers_cannot_lock_the_owner_out_of_a_known_network() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let from = |path: &str, client: &str, body: &Value| {
        let call = shop.gateway.request(Method::POST, &format!("/api/v1/auth/{path}"));
        call.header("x-forwarded-for", client).json(body).send()
    };
    let ada = json!({"email": "ada.at.home@example.com", "password": PASSWORD});
    from("register", "203.0.113.9", &ada).await.is(201, "");
    let wrong = json!({"email": "ada.at.home@example.com", "password": NEW_PASSWORD});
    for n in 0..10 {
        // From ten networks: they share one count.
        from("login", &format!("198.51.{n}.1"), &wrong).await.is(401, "invalid_credentials");
    }
    for stranger in ["198.51.100.1", "2001:db8:2::1"] {
        from("login", stranger, &ada).await.is(429, "too_many_attempts");
    }
    // Another address of the network on which the owner registered.
    from("login", "203.0.113.77", &ada).await.is(200, "");
    shop.mail_inbox.wait_for(2, "ada.at.home@example.com").await;
}

#[tokio::test]
async fn all_invalid_fields_of_a_form_are_reported() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    for (path, body, expected) in [
        ("register", json!({}), &[("email", "required"), ("password", "required")][..]),
        (
            "register",
            json!({"email": 1, "password": true, "first_name": [], "last_name": {}}),
            &[
                ("email", "wrong_type"),
                ("password", "wrong_type"),
                ("first_name", "wrong_type"),
                ("last_name", "wrong_type"),
            ],
        ),
        (
            "register",
            json!({"email": "ada", "password": "short", "first_name": "a\nb"}),
            &[("email", "invalid_email"), ("password", "too_short"), ("first_name", "invalid")],
        ),
        (
            "register",
            json!({"email": "ada@example.com", "password": "ADA@example.com"}),
            &[("password", "invalid")],
        ),
        (
            "register",
            json!({"email": "ada@example.com", "password": "password1"}),
            &[("password", "invalid")],
        ),
        (
            "register",
            json!({"email": "ada@example.com", "password": "ü".repeat(37)}),
            &[("password", "too_long")],
        ),
        ("login", json!({}), &[("email", "required"), ("password", "required")]),
        ("refresh", json!({"refresh_token": ""}), &[("refresh_token", "too_short")]),
        ("password/forgot", json!({"email": "no"}), &[("email", "invalid_email")]),
        ("password/reset", json!({}), &[("token", "required"), ("new_password", "required")]),
        ("logout", json!({}), &[("refresh_token", "required")]),
        ("logout", json!({"all": "yes"}), &[("all", "wrong_type"), ("refresh_token", "required")]),
        (
            "password/change",
            json!({"new_password": "short"}),
            &[("current_password", "required"), ("new_password", "too_short")],
        ),
    ] {
        let response = ada.post(&format!("/api/v1/auth/{path}"), &body).await;
        response.is(400, "invalid_request");
        let expected = expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned()));
        assert_eq!(response.fields(), expected.collect::<Vec<_>>(), "{path} {body}");
    }
    let body = json!({"address": {"street": "", "zip_code": 62701, "country": "USA"}});
    let response = ada.post("/api/v1/addresses", &body).await;
    let fields: BTreeSet<_> = response.is(400, "invalid_request").fields().into_iter().collect();
    let expected = [
        ("address.city", "required"),
        ("address.country", "unknown_value"),
        ("address.street", "too_short"),
        ("address.zip_code", "wrong_type"),
    ];
    assert_eq!(fields, expected.map(|(a, b)| (a.to_owned(), b.to_owned())).into());
}

#[tokio::test]
async fn address_book_has_exactly_one_default() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    const ADDRESSES: &str = "/api/v1/addresses";
    assert_eq!(ada.get(ADDRESSES).await.is(200, "").json(), json!({"addresses": []}));
    let first = ada.post(ADDRESSES, &home()).await.is(201, "").json();
    assert_eq!(first["is_default"], true);
    assert_eq!(first["address"]["country"], "US");
    assert_eq!(first["user_id"], ada.id());
    let second = ada.post(ADDRESSES, &home()).await.is(201, "").json();
    assert_eq!(second["is_default"], false);

    let mut work = home();
    work["label"] = "Work".into();
    work["is_default"] = true.into();
    let path = format!("{ADDRESSES}/{}", text(&second["id"]));
    let changed = ada.put(&path, &work).await.is(200, "").json();
    assert_eq!((&changed["label"], &changed["is_default"]), (&json!("Work"), &json!(true)));
    assert_eq!(defaults(&ada.get(ADDRESSES).await.json()), [true, false]);

    ada.delete(&path).await.is(204, "");
    assert_eq!(defaults(&ada.get(ADDRESSES).await.json()), [true]);
    ada.delete(&path).await.is(404, "address_not_found");
    ada.put(&path, &work).await.is(404, "address_not_found");
    ada.delete(&format!("{ADDRESSES}/no-id")).await.is(404, "not_found");
}

#[tokio::test]
async fn logout_ends_one_session_or_all() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let pair = json!({"email": ada.email, "password": PASSWORD});
    let login =
        async || text(&shop.post("/api/v1/auth/login", &pair).await.json()["refresh_token"]);
    let refresh = async |token: &str| {
        shop.post("/api/v1/auth/refresh", &json!({"refresh_token": token})).await
    };
    let (phone, tablet) = (login().await, login().await);
    ada.post("/api/v1/auth/logout", &json!({"refresh_token": phone})).await.is(204, "");
    refresh(&phone).await.is(401, "invalid_refresh_token");
    let tablet = text(&refresh(&tablet).await.is(200, "").json()["refresh_token"]);
    ada.post("/api/v1/auth/logout", &json!({"all": true})).await.is(204, "");
    refresh(&tablet).await.is(401, "invalid_refresh_token");
    refresh(&ada.refresh_token()).await.is(401, "invalid_refresh_token");
    refresh("never a token").await.is(401, "invalid_refresh_token");
    // A refresh token is not accepted as an access token.
    let call = shop.gateway.request(Method::GET, "/api/v1/me").bearer(&tablet);
    call.send().await.is(401, "invalid_token");
}

#[tokio::test]
async fn customer_lists_and_ends_sessions() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    const SESSIONS: &str = "/api/v1/me/sessions";
    let pair = json!({"email": ada.email, "password": PASSWORD});
    let other = shop.post("/api/v1/auth/login", &pair).await.is(200, "").json();
    let list = ada.get(SESSIONS).await.is(200, "").json();
    let sessions = list["sessions"].as_array().expect("sessions");
    let current: Vec<_> = sessions.iter().map(|session| &session["current"]).collect();
    assert_eq!(current, [&json!(false), &json!(true)], "newest first");

    let path = format!("{SESSIONS}/{}", text(&sessions[0]["id"]));
    ada.delete(&path).await.is(204, "");
    ada.delete(&path).await.is(404, "session_not_found");
    ada.delete(&format!("{SESSIONS}/no-id")).await.is(404, "not_found");
    let refresh = json!({"refresh_token": other["refresh_token"]});
    shop.post("/api/v1/auth/refresh", &refresh).await.is(401, "invalid_refresh_token");
    let left = ada.get(SESSIONS).await.is(200, "").json();
    assert_eq!(left["sessions"], json!([sessions[1]]));
    let refresh = json!({"refresh_token": ada.refresh_token()});
    shop.post("/api/v1/auth/refresh", &refresh).await.is(200, "");
}

#[tokio::test]
async fn password_change_ends_other_sessions() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    let pair = json!({"email": ada.email, "password": PASSWORD});
    let other = shop.post("/api/v1/auth/login", &pair).await.is(200, "").json();
    let change = |current: &str| json!({"current_password": current, "new_password": NEW_PASSWORD});
    let response = ada.post("/api/v1/auth/password/change", &change("wrong horse battery")).await;
    response.is(400, "invalid_request");
    assert_eq!(response.fields()[0].0, "current_password");
    ada.post("/api/v1/auth/password/change", &change(PASSWORD)).await.is(204, "");

    let refresh = async |token: &Value| {
        shop.post("/api/v1/auth/refresh", &json!({"refresh_token": token})).await
    };
    refresh(&other["refresh_token"]).await.is(401, "invalid_refresh_token");
    refresh(&ada.tokens["refresh_token"]).await.is(200, "");
    shop.post("/api/v1/auth/login", &pair).await.is(401, "invalid_credentials");
    let pair = json!({"email": ada.email, "password": NEW_PASSWORD});
    shop.post("/api/v1/auth/login", &pair).await.is(200, "");
}

#[tokio::test]
async fn password_reset_by_mail_ends_all_sessions() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    for email in [&*ada.email, "nobody@example.com"] {
        let response = shop.post("/api/v1/auth/password/forgot", &json!({"email": email})).await;
        assert!(response.is(202, "").bytes.is_empty());
    }
    let token = shop.mail_inbox.reset_token(&ada.email).await;
    assert!(shop.mail_inbox.mails_to("nobody@example.com").await.is_empty());
    let reset = json!({"token": token, "new_password": NEW_PASSWORD});
    shop.post("/api/v1/auth/password/reset", &reset).await.is(204, "");
    let repeated = shop.post("/api/v1/auth/password/reset", &reset).await;
    repeated.is(400, "invalid_request");
    assert_eq!(repeated.fields()[0].0, "token");

    let refresh = json!({"refresh_token": ada.refresh_token()});
    shop.post("/api/v1/auth/refresh", &refresh).await.is(401, "invalid_refresh_token");
    let pair = json!({"email": ada.email, "password": NEW_PASSWORD});
    shop.post("/api/v1/auth/login", &pair).await.is(200, "");
}

#[tokio::test]
async fn administrator_finds_accounts_and_changes_access() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let (ada, bob) = (shop.customer().await, shop.customer().await);
    const USERS: &str = "/api/v1/admin/users";
    let found = shop.gateway.admin(Method::GET, &format!("{USERS}?q={}", ada.email)).send().await;
    assert_eq!(found.is(200, "").json()["users"], json!([ada.tokens["user"]]));
    let page = shop.gateway.admin(Method::GET, &format!("{USERS}?page_size=1&page=2")).send().await;
    let pagination = json!({"page": 2, "page_size": 1, "total_pages": 3, "total_count": 3});
    assert_eq!(page.is(200, "").json()["pagination"], pagination);
    let wrong = shop.gateway.admin(Method::GET, &format!("{USERS}?page=0&page_size=101"));
    assert_eq!(wrong.send().await.is(400, "invalid_request").fields().len(), 2);

    let patch = async |id: &str, body: Value| {
        shop.gateway.admin(Method::PATCH, &format!("{USERS}/{id}")).json(&body).send().await
    };
    let promoted = patch(&ada.id(), json!({"role": "admin"})).await.is(200, "").json();
    assert_eq!(promoted["role"], "admin");
    // Ada is the last administrator after she has demoted the other one.
    let pair = json!({"email": ada.email, "password": PASSWORD});
    let tokens = shop.post("/api/v1/auth/login", &pair).await.is(200, "").json();
    let root = shop.signed_in(&ada.email, tokens);
    let patch_as_root = async |id: &str, body: Value| {
        root.request(Method::PATCH, &format!("{USERS}/{id}")).json(&body).send().await
    };
    patch_as_root(&ACCOUNT_ID.to_string(), json!({"role": "customer"})).await.is(200, "");
    for last in [json!({"role": "customer"}), json!({"disabled": true})] {
        patch_as_root(&ada.id(), last).await.is(409, "last_admin");
    }
    // The change of the role has ended the sessions of the first administrator.
    patch_as_root(&ACCOUNT_ID.to_string(), json!({"role": "admin"})).await.is(200, "");
    let wrong = patch_as_root(&ada.id(), json!({"role": "owner", "disabled": "no"})).await;
    assert_eq!(wrong.is(400, "invalid_request").fields().len(), 2);
    patch_as_root(&Uuid::from_u128(7).to_string(), json!({})).await.is(404, "user_not_found");

    let disabled = patch_as_root(&bob.id(), json!({"disabled": true})).await.is(200, "").json();
    assert_eq!(disabled["disabled"], true);
    let pair = json!({"email": bob.email, "password": PASSWORD});
    shop.post("/api/v1/auth/login", &pair).await.is(403, "account_disabled");
    let refresh = json!({"refresh_token": bob.refresh_token()});
    let status = shop.post("/api/v1/auth/refresh", &refresh).await.status;
    assert!(matches!(status.as_u16(), 401 | 403), "{status}");
}

#[tokio::test]
async fn administrator_lists_and_retries_mails() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let shop = Shop::start(database.pool()).await;
    let ada = shop.customer().await;
    shop.mail_inbox.wait_for(1, &ada.email).await;
    const MAILS: &str = "/api/v1/admin/notifications";
    let sent = async || {
        let call = shop.gateway.admin(Method::GET, &format!("{MAILS}?status=sent")).send().await;
        call.is(200, "").json()["notifications"].as_array().expect("mails").clone()
    };
    let mut mails = sent().await;
    while mails.is_empty() {
        // The inbox receives the mail before its status is updated.
        tokio::time::sleep(Duration::from_millis(50)).await;
        mails = sent().await;
    }
    assert_eq!(mails[0]["recipient_email"], ada.email);
    let retry = async |id: &str| {
        shop.gateway.admin(Method::POST, &format!("{MAILS}/{id}/retry")).send().await
    };
    retry(&text(&mails[0]["id"])).await.is(409, "notification_sent");
    retry(&Uuid::from_u128(7).to_string()).await.is(404, "notification_not_found");
    let wrong = shop.gateway.admin(Method::GET, &format!("{MAILS}?status=lost")).send().await;
    assert_eq!(wrong.is(400, "invalid_request").fields()[0].0, "status");
}
