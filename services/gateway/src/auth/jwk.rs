//! Public keys that verify access tokens: a JSON Web Key Set (RFC 7517) in a file.
//!
//! ```json
//! {"keys": [{
//!   "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "2026-11", "x": "…"
//! }]}
//! ```
//!
//! Each key has a unique `kid`, which a token names in its header. During a key rotation the set
//! has two keys. A set that contains a private key is rejected, because only the user service may
//! have it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jsonwebtoken::DecodingKey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::MAX_FILE_BYTES;

/// Maximum number of keys in a set: two during a rotation, and a margin for mistakes.
const MAX_KEYS: usize = 16;

/// Reason why a key set is rejected.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file does not exist or cannot be read.
    #[error("cannot read {}", path.display())]
    File {
        /// Path of the file.
        path: PathBuf,
        /// Error of the file system.
        source: std::io::Error,
    },
    /// The file is larger than any key set.
    #[error("the file is too large for a key set (maximum {MAX_FILE_BYTES} bytes)")]
    Size,
    /// The file is not JSON, or lacks the members of a key set.
    #[error("the file is not a JSON Web Key Set")]
    Syntax(#[source] serde_json::Error),
    /// The set has no keys, or more than a rotation needs.
    #[error("the key set must have 1 to {MAX_KEYS} keys, and has {0}")]
    Count(usize),
    /// A key is for another algorithm.
    #[error("the key {0:?} is not an Ed25519 key (kty OKP, crv Ed25519)")]
    Kind(String),
    /// A key contains its private part.
    #[error("the key {0:?} has a private part, which only the user service may have")]
    Private(String),
    /// Two keys have the same `kid`.
    #[error("the key {0:?} occurs twice")]
    Repeated(String),
    /// The public key is not a valid point of the curve.
    #[error("the key {0:?} has no valid x")]
    Point(String),
}

/// A public key, as published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PublicKey)]
pub(crate) struct PublicKey {
    /// Key type.
    #[schema(example = "OKP")]
    kty: String,
    /// Elliptic curve.
    #[schema(example = "Ed25519")]
    crv: String,
    /// Key id, which tokens name in their header.
    #[schema(example = "2026-11")]
    kid: String,
    /// Use of the key: signatures.
    #[schema(example = "sig")]
    #[serde(rename = "use")]
    purpose: &'static str,
    /// Signature algorithm.
    #[schema(example = "EdDSA")]
    alg: &'static str,
    /// The public key, base64url.
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    x: String,
}

/// The public keys, as a JSON Web Key Set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PublicKeys)]
pub(crate) struct PublicKeys {
    /// All keys that may sign access tokens.
    keys: Vec<PublicKey>,
}

/// Verification keys by `kid`.
#[derive(Clone, Default)]
pub(crate) struct Keys {
    by_id: BTreeMap<String, DecodingKey>,
    published: PublicKeys,
}

/// Key as written in the file.
#[derive(Deserialize)]
struct RawKey {
    kty: String,
    #[serde(default)]
    crv: String,
    #[serde(default)]
    kid: String,
    #[serde(default)]
    x: String,
    d: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct RawKeys {
    keys: Vec<RawKey>,
}

impl PublicKeys {
    /// Number of keys.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }
}

impl Keys {
    /// Parses a key set.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, KeysError> {
        let raw: RawKeys = serde_json::from_slice(text).map_err(KeysError::Syntax)?;
        if raw.keys.is_empty() || raw.keys.len() > MAX_KEYS {
            return Err(KeysError::Count(raw.keys.len()));
        }
        let mut keys = Self::default();
        for key in raw.keys {
            keys.add(key)?;
        }
        Ok(keys)
    }

    fn add(&mut self, key: RawKey) -> Result<(), KeysError> {
        if key.d.is_some() {
            return Err(KeysError::Private(key.kid));
        }
        if key.kty != "OKP" || key.crv != "Ed25519" {
            return Err(KeysError::Kind(key.kid));
        }
        let verifying = DecodingKey::from_ed_components(&key.x)
            .ok()
            .filter(|verifying| verifying.try_get_as_bytes().is_ok_and(|bytes| bytes.len() == 32))
            .ok_or_else(|| KeysError::Point(key.kid.clone()))?;
        if self.by_id.insert(key.kid.clone(), verifying).is_some() {
            return Err(KeysError::Repeated(key.kid));
        }
        let RawKey { kty, crv, kid, x, d: _ } = key;
        self.published.keys.push(PublicKey { kty, crv, kid, purpose: "sig", alg: "EdDSA", x });
        Ok(())
    }

    /// Returns the key with this `kid`.
    pub(crate) fn get(&self, kid: &str) -> Option<&DecodingKey> {
        self.by_id.get(kid)
    }

    /// Returns the public part of the key set.
    pub(crate) fn published(&self) -> &PublicKeys {
        &self.published
    }
}

#[cfg(test)]
mod tests {
    use super::{Keys, KeysError};

    /// The public key of RFC 8037, appendix A.
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    fn parse(keys: &str) -> Result<Keys, KeysError> {
        Keys::parse(format!("{{\"keys\": [{keys}]}}").as_bytes())
    }

    fn key(kid: &str) -> String {
        format!(r#"{{"kty": "OKP", "crv": "Ed25519", "kid": "{kid}", "x": "{X}"}}"#)
    }

    #[test]
    fn key_set_of_a_rotation_has_both_keys() {
        let keys = parse(&format!("{}, {}", key("old"), key("new"))).expect("a key set");
        assert!(keys.get("old").is_some() && keys.get("new").is_some());
        assert!(keys.get("older").is_none());
        assert_eq!(keys.published().keys.len(), 2);
    }

    #[test]
    fn private_key_is_rejected() {
        let private = key("k").replace("\"x\"", "\"d\": \"secret\", \"x\"");
        assert!(matches!(parse(&private), Err(KeysError::Private(kid)) if kid == "k"));
    }

    #[test]
    fn invalid_key_sets_are_rejected() {
        assert!(matches!(Keys::parse(b"PEM"), Err(KeysError::Syntax(_))));
        assert!(matches!(parse(""), Err(KeysError::Count(0))));
        assert!(matches!(parse(r#"{"kty": "RSA", "kid": "r"}"#), Err(KeysError::Kind(_))));
        assert!(matches!(parse(&key("k").replace(X, "AAAA")), Err(KeysError::Point(_))));
        let twice = format!("{}, {}", key("k"), key("k"));
        assert!(matches!(parse(&twice), Err(KeysError::Repeated(_))));
    }
}
