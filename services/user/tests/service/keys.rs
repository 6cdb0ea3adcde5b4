//! The keys of access tokens, and what the gateway reads in a token.

use std::time::Duration;

use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use kit::Env;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio::time::{sleep, timeout};
use tonic::Code;

use crate::shop::{PASSWORD, Shop, code};

/// The claims of a token, verified with a public set as the gateway does.
fn claims(token: &str, public_keys: &str) -> Value {
    let set: Value = serde_json::from_str(public_keys).unwrap();
    let kid = decode_header(token).unwrap().kid.unwrap();
    let keys = set["keys"].as_array().unwrap();
    let key = keys.iter().find(|key| key["kid"] == *kid).unwrap();
    assert!(key.get("d").is_none(), "a public set holds no private key");
    let key = DecodingKey::from_ed_components(key["x"].as_str().unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&["storefront"]);
    validation.set_audience(&["storefront"]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    validation.validate_exp = false;
    decode(token, &key, &validation).unwrap().claims
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn a_token_says_what_the_gateway_reads(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let answer = shop.register("ada@example.com").await;
    let first = claims(&answer.access_token, &shop.public_keys);
    let now = shop.env.now().as_second();
    let session: uuid::Uuid =
        sqlx::query_scalar("SELECT id FROM sessions").fetch_one(&pool).await.unwrap();
    let expected = json!({
        "iss": "storefront", "aud": "storefront", "sub": answer.user.unwrap().id,
        "iat": now, "exp": now + 900, "jti": first["jti"], "sid": session, "role": "customer",
    });
    assert_eq!(first, expected);
    let next = shop.refresh(&answer.refresh_token).await.unwrap();
    let next = claims(&next.access_token, &shop.public_keys);
    assert_eq!(next["sid"], first["sid"]);
    assert_ne!(next["jti"], first["jti"]);
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn tokens_that_are_old_foreign_or_changed_are_not_valid(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let other = Shop::open_with(&pool, |args| args.jwt_issuer = "elsewhere".into()).await;
    std::fs::copy(shop.keys(), other.keys()).unwrap();
    let ada = shop.register("ada@example.com").await;
    let bob = other.register("bob@example.com").await;
    let token = ada.access_token;
    assert!(shop.validate(&token).await.valid);
    let (head, signature) = token.rsplit_once('.').unwrap();
    let body = bob.access_token.rsplit_once('.').unwrap().0;
    let unsigned = "eyJhbGciOiJub25lIiwia2lkIjoiayJ9.e30.".to_owned();
    for bad in [
        bob.access_token.clone(),
        format!("{head}."),
        format!("{body}.{signature}"),
        format!("{token}x"),
        ada.refresh_token,
        unsigned,
        "x".repeat(5000),
    ] {
        let answer = shop.validate(&bad).await;
        assert_eq!((answer.valid, &*answer.user_id, &*answer.role), (false, "", ""), "{bad}");
    }
    shop.env.advance(SignedDuration::from_secs(15 * 60 + 4));
    assert!(shop.validate(&token).await.valid, "clocks may differ a little");
    shop.env.advance(SignedDuration::from_secs(1));
    assert!(!shop.validate(&token).await.valid);
    other.close().await;
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn keys_rotate_without_a_restart_and_a_broken_file_changes_nothing(pool: PgPool) {
    let shop = Shop::open(&pool).await;
    let old = shop.register("ada@example.com").await.access_token;
    let old_set: Value =
        serde_json::from_str(&std::fs::read_to_string(shop.keys()).unwrap()).unwrap();
    let fresh = user::keys::generate(&Env::system()).unwrap();
    let fresh_set: Value = serde_json::from_str(fresh.signing.expose_secret()).unwrap();
    let both = json!({"keys": [fresh_set["keys"][0], old_set["keys"][0]]});
    std::fs::write(shop.keys(), both.to_string()).unwrap();

    let kid = fresh_set["keys"][0]["kid"].as_str().unwrap().to_owned();
    let wait = async {
        loop {
            let token = shop.login("ada@example.com", PASSWORD).await.unwrap().access_token;
            if decode_header(&token).unwrap().kid.as_deref() == Some(&kid) {
                return token;
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    let new = timeout(Duration::from_secs(30), wait).await.expect("the new key to sign");
    claims(&new, &fresh.public);
    assert!(shop.validate(&old).await.valid, "the old key still verifies");

    std::fs::write(shop.keys(), "{\"keys\": []}").unwrap();
    sleep(Duration::from_secs(6)).await;
    shop.login("ada@example.com", PASSWORD).await.unwrap();

    std::fs::write(shop.keys(), fresh.signing.expose_secret()).unwrap();
    let wait = async {
        while shop.validate(&old).await.valid {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(30), wait).await.expect("the old key to go");
    assert!(shop.validate(&new).await.valid);
    shop.close().await;
}

#[sqlx::test(migrator = "user::MIGRATOR")]
async fn without_keys_nobody_signs_in_and_nothing_is_left_half_done(pool: PgPool) {
    let shop = Shop::open_with(&pool, |args| args.jwt_signing_keys = None).await;
    assert_eq!(code(shop.try_register("ada@example.com").await), Code::Unavailable);
    assert_eq!(code(shop.login("ada@example.com", PASSWORD).await), Code::Unavailable);
    assert_eq!(code(shop.refresh("x").await), Code::Unavailable);
    assert!(!shop.validate("x").await.valid);
    assert_eq!(shop.count("SELECT count(*) FROM users").await, 0);
    shop.close().await;
}
