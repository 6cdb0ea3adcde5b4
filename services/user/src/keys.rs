//! The keys that access tokens are signed with: a JSON Web Key Set (RFC 7517) of private Ed25519 keys
//! (RFC 8037) in a file. The first one signs; a token signed with any of them is good.
//!
//! ```json
//! {"keys": [{"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": "…", "x": "…", "d": "…"}]}
//! ```
//!
//! To rotate: put the new key last here and in the public set, then first here, and take the old one
//! away when the last token signed with it has expired.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{DecodingKey, EncodingKey};
use kit::Env;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};
use serde_json::json;

use crate::domain::token::Digest;

/// Keys in a set at most: two in a rotation, and room for a mistake.
const MAX_KEYS: usize = 16;

/// Why a key set is refused. The text never repeats a private key.
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
    /// Not JSON, or without what a key set has. What stands there instead may be secret.
    #[error("it is not a JSON Web Key Set (line {line}, column {column})")]
    Syntax {
        /// Line of the mistake.
        line: usize,
        /// Column of the mistake.
        column: usize,
    },
    /// None, or more than a rotation needs.
    #[error("it must hold 1 to {MAX_KEYS} keys, and holds {0}")]
    Count(usize),
    /// A key without a name, which tokens could not call it by.
    #[error("a key has no kid")]
    Nameless,
    /// A key for another algorithm.
    #[error("the key {0:?} is not an Ed25519 key (kty OKP, crv Ed25519)")]
    Kind(String),
    /// Two keys with one name.
    #[error("the key {0:?} is there twice")]
    Repeated(String),
    /// No private part, or one that does not belong to the public part.
    #[error("the key {0:?} has no valid pair of x and d")]
    Pair(String),
    /// A fresh key could not be made.
    #[error("cannot make a key")]
    Generate,
}

/// A fresh key: as the user service reads it, and as all others do.
#[derive(Clone, Debug)]
pub struct Generated {
    /// The set with the private key, for JWT_SIGNING_KEYS.
    pub signing: SecretString,
    /// The set with the public key, for JWT_PUBLIC_KEYS.
    pub public: String,
}

/// Makes a key, named by its thumbprint (RFC 7638).
///
/// # Errors
/// When the library refuses, which it has no reason to.
pub fn generate(env: &Env) -> Result<Generated, KeysError> {
    let seed: [u8; 32] = env.bytes();
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| KeysError::Generate)?;
    let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
    let public = json!({
        "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": thumbprint(&x), "x": x,
    });
    let mut private = public.clone();
    private["d"] = URL_SAFE_NO_PAD.encode(seed).into();
    Ok(Generated {
        signing: json!({"keys": [private]}).to_string().into(),
        public: json!({"keys": [public]}).to_string(),
    })
}

/// The name of a public key that follows from it: the digest of its required members, in the order and
/// form that RFC 7638 (and RFC 8037, appendix A.3) says.
fn thumbprint(x: &str) -> String {
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(Digest::of(members.as_bytes()).0)
}

/// A key set, to sign and to verify with.
#[derive(Clone)]
pub(crate) struct SigningKeys {
    signer: (String, EncodingKey),
    verifiers: BTreeMap<String, DecodingKey>,
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
    /// Reads a key set.
    pub(crate) fn parse(text: &SecretString) -> Result<Self, KeysError> {
        let raw: RawKeys = serde_json::from_str(text.expose_secret())
            .map_err(|error| KeysError::Syntax { line: error.line(), column: error.column() })?;
        let count = raw.keys.len();
        if count > MAX_KEYS {
            return Err(KeysError::Count(count));
        }
        let mut signer = None;
        let mut verifiers = BTreeMap::new();
        for key in raw.keys {
            let (signing, verifying) = key.pair()?;
            signer.get_or_insert((key.kid.clone(), signing));
            if verifiers.insert(key.kid.clone(), verifying).is_some() {
                return Err(KeysError::Repeated(key.kid));
            }
        }
        Ok(Self { signer: signer.ok_or(KeysError::Count(0))?, verifiers })
    }

    /// The key to sign with, and its name.
    pub(crate) fn signer(&self) -> (&str, &EncodingKey) {
        (&self.signer.0, &self.signer.1)
    }

    /// The key of this name.
    pub(crate) fn verifier(&self, kid: &str) -> Option<&DecodingKey> {
        self.verifiers.get(kid)
    }

    /// How many there are.
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
    /// What signs and what verifies. That the two belong together is checked: otherwise nobody would
    /// take the tokens.
    fn pair(&self) -> Result<(EncodingKey, DecodingKey), KeysError> {
        if self.kid.is_empty() {
            return Err(KeysError::Nameless);
        }
        if self.kty != "OKP" || self.crv != "Ed25519" {
            return Err(KeysError::Kind(self.kid.clone()));
        }
        self.checked_pair().ok_or_else(|| KeysError::Pair(self.kid.clone()))
    }

    fn checked_pair(&self) -> Option<(EncodingKey, DecodingKey)> {
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
    fn the_first_key_signs_and_all_verify() {
        let keys = parse(&format!("{}, {}", key("new"), key("old"))).unwrap();
        assert_eq!(keys.signer().0, "new");
        assert!(keys.verifier("new").is_some() && keys.verifier("old").is_some());
        assert!(keys.verifier("older").is_none());
    }

    #[test]
    fn the_thumbprint_is_that_of_rfc_8037() {
        assert_eq!(thumbprint(X), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_fresh_key_is_read_back_and_its_public_part_holds_no_secret() {
        let Generated { signing, public } = generate(&Env::system()).unwrap();
        let keys = SigningKeys::parse(&signing).unwrap();
        let public: serde_json::Value = serde_json::from_str(&public).unwrap();
        let key = &public["keys"][0];
        assert_eq!(key["kid"].as_str().unwrap(), keys.signer().0);
        assert!(key.get("d").is_none());
        assert!(keys.verifier(&thumbprint(key["x"].as_str().unwrap())).is_some());
    }

    #[test]
    fn what_cannot_sign_is_refused_and_not_repeated() {
        assert!(matches!(SigningKeys::parse(&"PEM".into()), Err(KeysError::Syntax { .. })));
        assert!(matches!(parse(""), Err(KeysError::Count(0))));
        assert!(matches!(parse(&key("")), Err(KeysError::Nameless)));
        assert!(matches!(parse(r#"{"kty": "RSA", "kid": "r"}"#), Err(KeysError::Kind(_))));
        let public = key("k").replace(&format!(r#", "d": "{D}""#), "");
        assert!(matches!(parse(&public), Err(KeysError::Pair(_))));
        let foreign = key("k").replace(X, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        assert!(matches!(parse(&foreign), Err(KeysError::Pair(_))));
        let twice = format!("{}, {}", key("k"), key("k"));
        assert!(matches!(parse(&twice), Err(KeysError::Repeated(_))));
        let odd = parse(&key("k").replace("\"kid\"", D)).unwrap_err();
        assert!(!format!("{odd} {odd:?}").contains(D));
    }
}
