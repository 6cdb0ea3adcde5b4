use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use uuid::Uuid;

use super::token::verify;
use super::{ExpectedClaims, Keys, Role, TokenError};

const NOW: i64 = 1_800_000_000;
const USER: Uuid = Uuid::from_u128(7);

/// Signing key pair of the user service.
struct Signer {
    pair: Ed25519KeyPair,
    kid: &'static str,
}

impl Signer {
    fn new(kid: &'static str) -> Self {
        Self { pair: Ed25519KeyPair::generate().expect("a key pair"), kid }
    }

    fn keys(&self) -> Keys {
        let x = URL_SAFE_NO_PAD.encode(self.pair.public_key().as_ref());
        let set = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": self.kid, "x": x}]});
        Keys::parse(set.to_string().as_bytes()).expect("a key set")
    }

    fn sign(&self, claims: &Value) -> String {
        let der = self.pair.to_pkcs8v1().expect("a document");
        let header = Header { kid: Some(self.kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, claims, &EncodingKey::from_ed_der(der.as_ref())).expect("a token")
    }
}

fn claims() -> Value {
    json!({
        "iss": "storefront", "aud": "storefront", "sub": USER, "iat": NOW - 10, "exp": NOW + 890,
        "jti": "t-1", "sid": Uuid::from_u128(9), "role": "admin",
    })
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().expect("an object").remove(name);
    claims
}

fn verify_role(token: &str, keys: &Keys) -> Result<Role, TokenError> {
    let expected = ExpectedClaims { issuer: "storefront".into(), audience: "storefront".into() };
    let now = Timestamp::from_second(NOW).expect("a time");
    verify(token, keys, &expected, now).map(|caller| {
        assert_eq!(caller.user_id, USER);
        caller.role
    })
}

#[test]
fn valid_token_yields_caller() {
    let signer = Signer::new("k1");
    assert_eq!(verify_role(&signer.sign(&claims()), &signer.keys()), Ok(Role::Admin));
    let customer = signer.sign(&with("role", json!("customer")));
    assert_eq!(verify_role(&customer, &signer.keys()), Ok(Role::Customer));
    let audiences = signer.sign(&with("aud", json!(["other", "storefront"])));
    assert_eq!(verify_role(&audiences, &signer.keys()), Ok(Role::Admin));
}

#[test]
fn old_token_has_expired() {
    let signer = Signer::new("k1");
    let old = signer.sign(&with("exp", json!(NOW - 60)));
    assert_eq!(verify_role(&old, &signer.keys()), Err(TokenError::Expired));
}

#[test]
fn missing_or_wrong_claim_is_invalid() {
    let signer = Signer::new("k1");
    for name in ["iss", "aud", "sub", "exp", "iat", "jti", "sid", "role"] {
        let token = signer.sign(&without(name));
        assert_eq!(verify_role(&token, &signer.keys()), Err(TokenError::Invalid), "without {name}");
    }
    let wrong = [
        ("iss", json!("another")),
        ("aud", json!("another")),
        ("role", json!("owner")),
        ("sub", json!("somebody")),
        ("iat", json!(NOW + 3600)),
    ];
    for (name, value) in wrong {
        let token = signer.sign(&with(name, value));
        assert_eq!(verify_role(&token, &signer.keys()), Err(TokenError::Invalid), "{name}");
    }
}

#[test]
fn foreign_key_or_algorithm_is_invalid() {
    let (trusted, foreign) = (Signer::new("k1"), Signer::new("k1"));
    assert_eq!(verify_role(&foreign.sign(&claims()), &trusted.keys()), Err(TokenError::Invalid));
    let unknown = Signer::new("k2").sign(&claims());
    assert_eq!(verify_role(&unknown, &trusted.keys()), Err(TokenError::Invalid));

    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let body = part(claims());
    let unsigned = format!("{}.{body}.", part(json!({"alg": "none", "kid": "k1"})));
    assert_eq!(verify_role(&unsigned, &trusted.keys()), Err(TokenError::Invalid));
    // The public key must not be accepted as an HMAC secret.
    let header = Header { kid: Some("k1".into()), ..Header::new(Algorithm::HS256) };
    let secret = EncodingKey::from_secret(trusted.pair.public_key().as_ref());
    let forged = encode(&header, &claims(), &secret).expect("a token");
    assert_eq!(verify_role(&forged, &trusted.keys()), Err(TokenError::Invalid));
    for garbage in ["", "a", "a.b", "a.b.c", "....", &"x".repeat(100_000)] {
        assert_eq!(verify_role(garbage, &trusted.keys()), Err(TokenError::Invalid));
    }
}

#[test]
fn expiry_uses_the_injected_clock() {
    let signer = Signer::new("k1");
    let token = signer.sign(&claims());
    let expected = ExpectedClaims { issuer: "storefront".into(), audience: "storefront".into() };
    let env = kit::Env::fixed(Timestamp::from_second(NOW).expect("a time"), 1);
    assert!(verify(&token, &signer.keys(), &expected, env.now()).is_ok());
    env.advance(SignedDuration::from_mins(20));
    assert_eq!(verify(&token, &signer.keys(), &expected, env.now()), Err(TokenError::Expired));
}
