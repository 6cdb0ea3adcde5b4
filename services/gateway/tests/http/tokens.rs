//! Access tokens as the user service signs them, with keys of our own.

use std::path::PathBuf;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use kit::Env;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

/// A key pair.
pub(crate) struct Signer {
    seed: [u8; 32],
    pair: Ed25519KeyPair,
    kid: &'static str,
}

/// A key pair as the files that the gateway and the user service read.
pub(crate) struct KeyFiles {
    pub(crate) signer: Signer,
    folder: TempDir,
}

impl KeyFiles {
    /// A new pair, called `kid`.
    pub(crate) fn new(kid: &'static str) -> Self {
        let files =
            Self { signer: Signer::new(kid), folder: tempfile::tempdir().expect("a folder") };
        std::fs::write(files.public(), files.signer.public_keys()).expect("the public keys");
        std::fs::write(files.signing(), files.signer.signing_keys()).expect("the private keys");
        files
    }

    /// The public keys.
    pub(crate) fn public(&self) -> PathBuf {
        self.folder.path().join("jwks.json")
    }

    /// The private keys.
    pub(crate) fn signing(&self) -> PathBuf {
        self.folder.path().join("signing.json")
    }

    /// Puts another file into the place of the public keys.
    pub(crate) fn replace_public(&self, keys: &str) {
        let fresh = self.folder.path().join("fresh.json");
        std::fs::write(&fresh, keys).expect("written");
        std::fs::rename(fresh, self.public()).expect("renamed");
    }
}

impl Signer {
    /// A new pair, called `kid`.
    pub(crate) fn new(kid: &'static str) -> Self {
        let seed = Env::system().bytes();
        Self { seed, pair: Ed25519KeyPair::from_seed_unchecked(&seed).expect("a key pair"), kid }
    }

    /// The key set that the gateway reads.
    pub(crate) fn public_keys(&self) -> String {
        json!({"keys": [self.public_key()]}).to_string()
    }

    /// The key set that the user service reads.
    fn signing_keys(&self) -> String {
        let mut key = self.public_key();
        key["d"] = URL_SAFE_NO_PAD.encode(self.seed).into();
        json!({"keys": [key]}).to_string()
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
