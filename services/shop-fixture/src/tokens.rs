//! Access tokens in the format of the user service, signed with test keys.

use std::path::PathBuf;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use kit::Env;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

/// Account of all tokens: the administrator of a shop.
pub const ACCOUNT_ID: Uuid = Uuid::from_u128(1);

/// Session of all tokens.
pub const SESSION_ID: Uuid = Uuid::from_u128(2);

/// Signing key pair.
pub struct Signer {
    seed: [u8; 32],
    pair: Ed25519KeyPair,
    kid: &'static str,
}

/// Key set files of a key pair, for the gateway and the user service.
pub struct KeyFiles {
    /// The key pair.
    pub signer: Signer,
    folder: TempDir,
}

impl KeyFiles {
    /// Generates a key pair with the id `kid`.
    #[must_use]
    pub fn new(kid: &'static str) -> Self {
        let files =
            Self { signer: Signer::new(kid), folder: tempfile::tempdir().expect("a folder") };
        std::fs::write(files.public(), files.signer.public_keys()).expect("the public keys");
        std::fs::write(files.signing(), files.signer.signing_keys()).expect("the private keys");
        files
    }

    /// Returns the path of the public key set.
    #[must_use]
    pub fn public(&self) -> PathBuf {
        self.folder.path().join("jwks.json")
    }

    /// Returns the path of the private key set.
    #[must_use]
    pub fn signing(&self) -> PathBuf {
        self.folder.path().join("signing.json")
    }

    /// Replaces the public key set atomically.
    pub fn replace_public(&self, keys: &str) {
        let replacement = self.folder.path().join("replacement.json");
        std::fs::write(&replacement, keys).expect("written");
        std::fs::rename(replacement, self.public()).expect("renamed");
    }
}

impl Signer {
    /// Generates a key pair with the id `kid`.
    #[must_use]
    pub fn new(kid: &'static str) -> Self {
        let seed = Env::system().bytes();
        Self { seed, pair: Ed25519KeyPair::from_seed_unchecked(&seed).expect("a key pair"), kid }
    }

    /// Returns the key set of the gateway.
    #[must_use]
    pub fn public_keys(&self) -> String {
        json!({"keys": [self.public_key()]}).to_string()
    }

    /// Returns the key set of the user service.
    fn signing_keys(&self) -> String {
        let mut key = self.public_key();
        key["d"] = URL_SAFE_NO_PAD.encode(self.seed).into();
        json!({"keys": [key]}).to_string()
    }

    /// Returns the public key as an entry of a key set.
    #[must_use]
    pub fn public_key(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.pair.public_key().as_ref());
        json!({"kty": "OKP", "crv": "Ed25519", "kid": self.kid, "x": x})
    }

    /// Signs a token of an administrator.
    #[must_use]
    pub fn admin(&self) -> String {
        self.sign("admin", 900)
    }

    /// Signs a token of a customer.
    #[must_use]
    pub fn customer(&self) -> String {
        self.sign("customer", 900)
    }

    /// Signs a token with this role that expires in `lifetime_secs`.
    #[must_use]
    pub fn sign(&self, role: &str, lifetime_secs: i64) -> String {
        let now = Env::system().now().as_second();
        let claims: Value = json!({
            "iss": "storefront", "aud": "storefront", "sub": ACCOUNT_ID,
            "iat": now.min(now + lifetime_secs), "exp": now + lifetime_secs,
            "jti": "t", "sid": SESSION_ID, "role": role,
        });
        let der = self.pair.to_pkcs8v1().expect("a document");
        let header = Header { kid: Some(self.kid.to_owned()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, &claims, &EncodingKey::from_ed_der(der.as_ref())).expect("a token")
    }
}
