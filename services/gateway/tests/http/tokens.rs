//! Access tokens as the user service signs them, with keys of our own.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use kit::Env;
use serde_json::{Value, json};
use uuid::Uuid;

/// A key pair.
pub(crate) struct Signer {
    pair: Ed25519KeyPair,
    kid: &'static str,
}

impl Signer {
    /// A new pair, called `kid`.
    pub(crate) fn new(kid: &'static str) -> Self {
        Self { pair: Ed25519KeyPair::generate().expect("a key pair"), kid }
    }

    /// The key set that the gateway reads.
    pub(crate) fn public_keys(&self) -> String {
        json!({"keys": [self.public_key()]}).to_string()
    }

    /// The public key, as it stands in a key set.
    pub(crate) fn public_key(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.pair.public_key().as_ref());
        json!({"kty": "OKP", "crv": "Ed25519", "kid": self.kid, "x": x})
    }

    /// A token of an administrator.
    pub(crate) fn admin(&self) -> String {
        self.sign("admin", 900)
    }

    /// A token of a customer.
    pub(crate) fn customer(&self) -> String {
        self.sign("customer", 900)
    }

    /// A token of somebody with this role, good for so many seconds from now.
    pub(crate) fn sign(&self, role: &str, lifetime_secs: i64) -> String {
        let now = Env::system().now().as_second();
        let claims: Value = json!({
            "iss": "storefront", "aud": "storefront", "sub": Uuid::from_u128(1),
            "iat": now.min(now + lifetime_secs), "exp": now + lifetime_secs,
            "jti": "t", "sid": Uuid::from_u128(2), "role": role,
        });
        let der = self.pair.to_pkcs8v1().expect("a document");
        let header = Header { kid: Some(self.kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, &claims, &EncodingKey::from_ed_der(der.as_ref())).expect("a token")
    }
}
