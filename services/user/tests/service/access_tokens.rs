//! Access tokens: claims, validation, key rotation.

use std::time::Duration;

use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use kit::Env;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use tonic::Code;

use crate::fixture::{PASSWORD, TestService, code};

/// Returns the claims of a token, verified with a public key set as the gateway does.
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

#[tokio::test]
async fn access_token_has_the_claims_that_the_gateway_reads() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let response = service.register("ada@example.com").await;
    let first = claims(&response.access_token, &service.public_keys);
    let now = service.env.now().as_second();
    let session: uuid::Uuid =
        sqlx::query_scalar("SELECT id FROM sessions").fetch_one(database.pool()).await.unwrap();
    let expected = json!({
        "iss": "storefront", "aud": "storefront", "sub": response.user.unwrap().id,
        "iat": now, "exp": now + 900, "jti": first["jti"], "sid": session, "role": "customer",
    });
    assert_eq!(first, expected);
    let next = service.refresh(&response.refresh_token).await.unwrap();
    let next = claims(&next.access_token, &service.public_keys);
    assert_eq!(next["sid"], first["sid"]);
    assert_ne!(next["jti"], first["jti"]);
    service.stop().await;
}

#[tokio::test]
async fn expired_foreign_and_altered_tokens_are_invalid() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let other =
        TestService::start_with(database.pool(), |args| args.jwt_issuer = "elsewhere".into()).await;
    std::fs::copy(service.signing_keys_path(), other.signing_keys_path()).unwrap();
    let ada = service.register("ada@example.com").await;
    let bob = other.register("bob@example.com").await;
    let token = ada.access_token;
    assert!(service.validate(&token).await.valid);
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
        let response = service.validate(&bad).await;
        assert_eq!((response.valid, &*response.user_id, &*response.role), (false, "", ""), "{bad}");
    }
    service.env.advance(SignedDuration::from_secs(15 * 60 + 4));
    assert!(service.validate(&token).await.valid, "clocks may differ a little");
    service.env.advance(SignedDuration::from_secs(1));
    assert!(!service.validate(&token).await.valid);
    other.stop().await;
    service.stop().await;
}

#[tokio::test]
async fn keys_rotate_without_restart_and_invalid_file_is_ignored() {
    let database = testing::database(&user::MIGRATOR).await;
    let service = TestService::start(database.pool()).await;
    let old = service.register("ada@example.com").await.access_token;
    let old_set: Value =
        serde_json::from_str(&std::fs::read_to_string(service.signing_keys_path()).unwrap())
            .unwrap();
    let fresh = user::jwk::generate(&Env::system()).unwrap();
    let fresh_set: Value = serde_json::from_str(fresh.signing.expose_secret()).unwrap();
    let both = json!({"keys": [fresh_set["keys"][0], old_set["keys"][0]]});
    std::fs::write(service.signing_keys_path(), both.to_string()).unwrap();

    let kid = fresh_set["keys"][0]["kid"].as_str().unwrap().to_owned();
    let wait = async {
        loop {
            let token = service.login("ada@example.com", PASSWORD).await.unwrap().access_token;
            if decode_header(&token).unwrap().kid.as_deref() == Some(&kid) {
                return token;
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    let new = timeout(Duration::from_secs(30), wait).await.expect("the new key signs");
    claims(&new, &fresh.public);
    assert!(service.validate(&old).await.valid, "the old key still verifies");

    std::fs::write(service.signing_keys_path(), "{\"keys\": []}").unwrap();
    sleep(Duration::from_secs(6)).await;
    service.login("ada@example.com", PASSWORD).await.unwrap();

    std::fs::write(service.signing_keys_path(), fresh.signing.expose_secret()).unwrap();
    let wait = async {
        while service.validate(&old).await.valid {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(30), wait).await.expect("the old key is removed");
    assert!(service.validate(&new).await.valid);
    service.stop().await;
}

#[tokio::test]
async fn missing_keys_make_sign_in_unavailable_without_changes() {
    let database = testing::database(&user::MIGRATOR).await;
    let service =
        TestService::start_with(database.pool(), |args| args.jwt_signing_keys = None).await;
    assert_eq!(code(service.try_register("ada@example.com").await), Code::Unavailable);
    assert_eq!(code(service.login("ada@example.com", PASSWORD).await), Code::Unavailable);
    assert_eq!(code(service.refresh("x").await), Code::Unavailable);
    assert!(!service.validate("x").await.valid);
    assert_eq!(service.count("SELECT count(*) FROM users").await, 0);
    service.stop().await;
}
