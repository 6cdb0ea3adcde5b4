//! The public keys that access tokens are verified with: a JSON Web Key Set (RFC 7517) in a file.
//!
//! ```json
//! {"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "2026-11", "x": "…"}]}
//! ```
//!
//! Each key has a `kid` of its own, which a token names in its header; during a rotation there are
//! two. A set that holds a private key is refused: it does not belong here.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jsonwebtoken::DecodingKey;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Keys in a set at most: two in a rotation, and room for a mistake.
const MAX_KEYS: usize = 16;

/// Why a key set is refused.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// Not there, or not ours to read.
    #[error("cannot read {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Far too large for what it should be.
    #[error("it is too large for a key set")]
    Size,
    /// Not JSON, or without what a key set has.
    #[error("it is not a JSON Web Key Set")]
    Syntax(#[source] serde_json::Error),
    /// None, or more than a rotation needs.
    #[error("it must hold 1 to {MAX_KEYS} keys, and holds {0}")]
    Count(usize),
    /// A key for another algorithm.
    #[error("the key {0:?} is not an Ed25519 key (kty OKP, crv Ed25519)")]
    Kind(String),
    /// A key that could sign.
    #[error("the key {0:?} holds its private part, which belongs to the user service alone")]
    Private(String),
    /// Two keys with one name.
    #[error("the key {0:?} is there twice")]
    Repeated(String),
    /// A point that is none.
    #[error("the key {0:?} has no valid x")]
    Point(String),
}

/// One public key, as published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PublicKey)]
pub(crate) struct PublicKey {
    /// The family of keys.
    #[schema(example = "OKP")]
    kty: String,
    /// The curve.
    #[schema(example = "Ed25519")]
    crv: String,
    /// The name that tokens call it by.
    #[schema(example = "2026-11")]
    kid: String,
    /// What it is for.
    #[schema(example = "sig")]
    #[serde(rename = "use")]
    purpose: &'static str,
    /// The algorithm it is used with.
    #[schema(example = "EdDSA")]
    alg: &'static str,
    /// The public key, base64url.
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    x: String,
}

/// The public keys, as published.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = PublicKeys)]
pub(crate) struct PublicKeys {
    /// Every key that tokens may be signed with now.
    keys: Vec<PublicKey>,
}

/// The keys to verify with, by name.
#[derive(Clone, Default)]
pub(crate) struct Keys {
    by_id: BTreeMap<String, DecodingKey>,
    published: PublicKeys,
}

/// A key as it stands in the file.
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
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }
}

impl Keys {
    /// Reads a key set.
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

    /// The key of this name.
    pub(crate) fn get(&self, kid: &str) -> Option<&DecodingKey> {
        self.by_id.get(kid)
    }

    /// What anyone may know.
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
    fn two_keys_of_a_rotation_are_both_there() {
        let keys = parse(&format!("{}, {}", key("old"), key("new"))).expect("a key set");
        assert!(keys.get("old").is_some() && keys.get("new").is_some());
        assert!(keys.get("older").is_none());
        assert_eq!(keys.published().keys.len(), 2);
    }

    #[test]
    fn a_private_key_is_refused() {
        let private = key("k").replace("\"x\"", "\"d\": \"secret\", \"x\"");
        assert!(matches!(parse(&private), Err(KeysError::Private(kid)) if kid == "k"));
    }

    #[test]
    fn what_cannot_verify_is_refused() {
        assert!(matches!(Keys::parse(b"PEM"), Err(KeysError::Syntax(_))));
        assert!(matches!(parse(""), Err(KeysError::Count(0))));
        assert!(matches!(parse(r#"{"kty": "RSA", "kid": "r"}"#), Err(KeysError::Kind(_))));
        assert!(matches!(parse(&key("k").replace(X, "AAAA")), Err(KeysError::Point(_))));
        let twice = format!("{}, {}", key("k"), key("k"));
        assert!(matches!(parse(&twice), Err(KeysError::Repeated(_))));
    }
}
