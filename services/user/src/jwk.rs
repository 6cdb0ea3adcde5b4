//! The key set that signs access tokens: a JSON Web Key Set (JWKS, RFC 7517) of private Ed25519
//! keys (RFC 8037) in a file. The first key signs; a token signed with any of the keys is valid.
//!
//! ```json
//! {"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
//!            "kid": "…", "x": "…", "d": "…"}]}
//! ```
//!
//! To rotate the key: append the new key here and to the public set, then move it to the first
//! place here, and remove the old key after the last token signed with it has expired.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, EncodingKey};
use kit::Env;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};
use serde_json::json;

use crate::domain::token::Digest;

/// The maximum number of keys in a set: two during a rotation, plus some slack.
const MAX_KEYS: usize = 16;

/// The reason why a key set is invalid. The text never contains a private key.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file is missing or not readable.
    #[error("cannot read {}", path.display())]
    Read {
        /// Path of the file.
        path: PathBuf,
        /// Cause of the failure.
        source: std::io::Error,
    },
    /// The file is larger than any valid key set.
    #[error("the file is too large for a key set")]
    TooLarge,
    /// The text is not a JSON Web Key Set. The error omits the text, which may be secret.
    #[error("not a JSON Web Key Set (line {line}, column {column})")]
    Syntax {
        /// Line of the syntax error.
        line: usize,
        /// Column of the syntax error.
        column: usize,
    },
    /// The set has no key, or more than a rotation needs.
    #[error("a key set must contain 1 to {MAX_KEYS} keys, not {0}")]
    Count(usize),
    /// A key without an ID (`kid`), which tokens need to refer to it.
    #[error("a key has no kid")]
    MissingKeyId,
    /// The key has an unsupported type.
    #[error("the key {0:?} is not an Ed25519 key (kty OKP, crv Ed25519)")]
    UnsupportedKeyType(String),
    /// Two keys have the same ID (`kid`).
    #[error("duplicate key {0:?}")]
    DuplicateKeyId(String),
    /// The private part is missing or does not match the public part.
    #[error("the key {0:?} has no valid pair of x and d")]
    InvalidKeyPair(String),
    /// The cryptography library failed to generate a key.
    #[error("cannot generate a key")]
    Generate,
}

/// A generated key, as a private set for the user service and a public set for all others.
#[derive(Clone, Debug)]
pub struct GeneratedKey {
    /// The set with the private key, for JWT_SIGNING_KEYS.
    pub signing: SecretString,
    /// The set with the public key, for JWT_PUBLIC_KEYS.
    pub public: String,
}

/// Generates a key whose ID is its thumbprint (RFC 7638).
///
/// # Errors
/// Returns [`KeysError::Generate`] if the cryptography library fails, which is not expected.
pub fn generate(env: &Env) -> Result<GeneratedKey, KeysError> {
    let seed: [u8; 32] = env.bytes();
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| KeysError::Generate)?;
    let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
    let public = json!({
        "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": thumbprint(&x), "x": x,
    });
    let mut private = public.clone();
    private["d"] = URL_SAFE_NO_PAD.encode(seed).into();
    Ok(GeneratedKey {
        signing: json!({"keys": [private]}).to_string().into(),
        public: json!({"keys": [public]}).to_string(),
    })
}

/// Returns the thumbprint of a public key: the digest of its required members, in the order and
/// format of RFC 7638 and RFC 8037, appendix A.3.
fn thumbprint(x: &str) -> String {
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(Digest::sha256(members.as_bytes()).0)
}

/// The purpose of the key that is derived for the networks of sign-ins.
const NETWORK_KEY: &str = "storefront/user: networks of sign-ins";

/// A key set that signs and verifies.
#[derive(Clone)]
pub(crate) struct SigningKeys {
    signer: (String, EncodingKey),
    verifiers: BTreeMap<String, DecodingKey>,
    network_key: SecretString,
}

/// A key as it is in the file.
#[derive(Deserialize)]
struct RawKey {
    kty: String,
    #[serde(default)]
    crv: String,
    #[serde(default)]
    kid: String,
    #[serde(default)]
    x: String,
    #[serde(default, deserialize_with = "secret")]
    d: Option<SecretString>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    String::deserialize(deserializer).map(|text| Some(text.into()))
}

#[derive(Deserialize)]
struct RawKeys {
    keys: Vec<RawKey>,
}

impl SigningKeys {
    /// Parses a key set.
    pub(crate) fn parse(text: &SecretString) -> Result<Self, KeysError> {
        let raw: RawKeys = serde_json::from_str(text.expose_secret())
            .map_err(|error| KeysError::Syntax { line: error.line(), column: error.column() })?;
        let count = raw.keys.len();
        if count > MAX_KEYS {
            return Err(KeysError::Count(count));
        }
        let mut signer = None;
        let mut verifiers = BTreeMap::new();
        let mut network_key = None;
        for key in raw.keys {
            let (signing, verifying) = key.key_pair()?;
            signer.get_or_insert((key.kid.clone(), signing));
            network_key =
                network_key.or_else(|| Some(kit::secret::derive(key.d.as_ref()?, NETWORK_KEY)));
            if verifiers.insert(key.kid.clone(), verifying).is_some() {
                return Err(KeysError::DuplicateKeyId(key.kid));
            }
        }
        let (signer, network_key) = signer.zip(network_key).ok_or(KeysError::Count(0))?;
        Ok(Self { signer, verifiers, network_key })
    }

    /// Returns the key of the stored hashes of networks, derived from the key that signs. Its
    /// rotation makes all networks unknown until their next sign-in, which needs no other secret.
    pub(crate) fn network_key(&self) -> SecretString {
        self.network_key.clone()
    }

    /// Returns the key that signs, and its ID.
    pub(crate) fn signer(&self) -> (&str, &EncodingKey) {
        (&self.signer.0, &self.signer.1)
    }

    /// Returns the verifying key with this ID.
    pub(crate) fn verifier(&self, kid: &str) -> Option<&DecodingKey> {
        self.verifiers.get(kid)
    }

    /// Returns the number of keys.
    pub(crate) fn len(&self) -> usize {
        self.verifiers.len()
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeys").field("kid", &self.signer.0).finish_non_exhaustive()
    }
}

impl RawKey {
    /// Returns the signing and the verifying key. Checks that they are a pair: otherwise the
    /// gateway would reject every token.
    fn key_pair(&self) -> Result<(EncodingKey, DecodingKey), KeysError> {
        if self.kid.is_empty() {
            return Err(KeysError::MissingKeyId);
        }
        if self.kty != "OKP" || self.crv != "Ed25519" {
            return Err(KeysError::UnsupportedKeyType(self.kid.clone()));
        }
        self.parse_pair().ok_or_else(|| KeysError::InvalidKeyPair(self.kid.clone()))
    }

    fn parse_pair(&self) -> Option<(EncodingKey, DecodingKey)> {
        let seed = URL_SAFE_NO_PAD.decode(self.d.as_ref()?.expose_secret()).ok()?;
        let public = URL_SAFE_NO_PAD.decode(&self.x).ok()?;
        let pair = Ed25519KeyPair::from_seed_and_public_key(&seed, &public).ok()?;
        let der = pair.to_pkcs8v1().ok()?;
        let verifying = DecodingKey::from_ed_components(&self.x).ok()?;
        Some((EncodingKey::from_ed_der(der.as_ref()), verifying))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The key pair of RFC 8037, appendix A.
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    const D: &str = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";

    fn parse(keys: &str) -> Result<SigningKeys, KeysError> {
        SigningKeys::parse(&format!("{{\"keys\": [{keys}]}}").into())
    }

    fn key(kid: &str) -> String {
        format!(r#"{{"kty": "OKP", "crv": "Ed25519", "kid": "{kid}", "x": "{X}", "d": "{D}"}}"#)
    }

    #[test]
    fn first_key_signs_and_all_keys_verify() {
        let keys = parse(&format!("{}, {}", key("new"), key("old"))).unwrap();
        assert_eq!(keys.signer().0, "new");
        assert!(keys.verifier("new").is_some() && keys.verifier("old").is_some());
        assert!(keys.verifier("older").is_none());
    }

    #[test]
    fn thumbprint_matches_rfc_8037() {
        assert_eq!(thumbprint(X), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn generated_public_set_has_no_private_key() {
        let GeneratedKey { signing, public } = generate(&Env::system()).unwrap();
        let keys = SigningKeys::parse(&signing).unwrap();
        let public: serde_json::Value = serde_json::from_str(&public).unwrap();
        let key = &public["keys"][0];
        assert_eq!(key["kid"].as_str().unwrap(), keys.signer().0);
        assert!(key.get("d").is_none());
        assert!(keys.verifier(&thumbprint(key["x"].as_str().unwrap())).is_some());
    }

    #[test]
    fn invalid_key_sets_are_rejected_without_revealing_keys() {
        assert!(matches!(SigningKeys::parse(&"PEM".into()), Err(KeysError::Syntax { .. })));
        assert!(matches!(parse(""), Err(KeysError::Count(0))));
        assert!(matches!(parse(&key("")), Err(KeysError::MissingKeyId)));
        assert!(matches!(
            parse(r#"{"kty": "RSA", "kid": "r"}"#),
            Err(KeysError::UnsupportedKeyType(_))
        ));
        let public = key("k").replace(&format!(r#", "d": "{D}""#), "");
        assert!(matches!(parse(&public), Err(KeysError::InvalidKeyPair(_))));
        let foreign = key("k").replace(X, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        assert!(matches!(parse(&foreign), Err(KeysError::InvalidKeyPair(_))));
        let twice = format!("{}, {}", key("k"), key("k"));
        assert!(matches!(parse(&twice), Err(KeysError::DuplicateKeyId(_))));
        let error = parse(&key("k").replace("\"kid\"", D)).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(D));
    }
}
