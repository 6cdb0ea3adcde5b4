//! The signing key of access tokens as JSON Web Keys (RFC 7517, RFC 8037).

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::error::KeyRejected;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::CryptoRng;
use serde_json::{Value, json};

/// An Ed25519 signing key.
pub(crate) struct SigningKey {
    d: String,
    x: String,
    kid: String,
}

impl SigningKey {
    /// Generates a key.
    pub(crate) fn new(rng: &mut impl CryptoRng) -> Result<Self, KeyRejected> {
        let mut seed = [0; 32];
        rng.fill_bytes(&mut seed);
        Self::from_seed(&seed)
    }

    fn from_seed(seed: &[u8; 32]) -> Result<Self, KeyRejected> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed)?;
        let x = URL_SAFE_NO_PAD.encode(pair.public_key());
        // The thumbprint (RFC 7638) covers these members, in this order, without whitespace.
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        let kid = URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes()));
        Ok(Self { d: URL_SAFE_NO_PAD.encode(seed), x, kid })
    }

    /// Returns the private key set, for the service that signs.
    pub(crate) fn signing_set(&self) -> String {
        let mut key = self.public();
        key["d"] = self.d.as_str().into();
        json!({ "keys": [key] }).to_string()
    }

    /// Returns the public key set, for services that verify.
    pub(crate) fn public_set(&self) -> String {
        json!({ "keys": [self.public()] }).to_string()
    }

    fn public(&self) -> Value {
        json!({
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA",
            "kid": self.kid, "x": self.x,
        })
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};

    use super::*;

    fn only_key(set: &str) -> Value {
        let set: Value = serde_json::from_str(set).unwrap();
        assert_eq!(set["keys"].as_array().unwrap().len(), 1);
        set["keys"][0].clone()
    }

    fn bytes(text: &Value) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()
    }

    /// Appendix A of RFC 8037: the key, its public part and its thumbprint.
    #[test]
    fn signing_set_matches_rfc_8037_example() {
        let d = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
        let seed = URL_SAFE_NO_PAD.decode(d).unwrap().try_into().unwrap();
        let key = only_key(&SigningKey::from_seed(&seed).unwrap().signing_set());
        let expected = json!({
            "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "d": d,
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
            "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
        });
        assert_eq!(key, expected);
    }

    #[test]
    fn public_set_verifies_signatures_and_has_no_private_key() {
        let key = SigningKey::new(&mut rand::rng()).unwrap();
        let (signing, public) = (only_key(&key.signing_set()), only_key(&key.public_set()));
        assert_eq!(public.get("d"), None);
        assert_eq!((&signing["kid"], &signing["x"]), (&public["kid"], &public["x"]));
        let pair = Ed25519KeyPair::from_seed_unchecked(&bytes(&signing["d"])).unwrap();
        let signature = pair.sign(b"token");
        let verifier = UnparsedPublicKey::new(&ED25519, bytes(&public["x"]));
        verifier.verify(b"token", signature.as_ref()).unwrap();
    }
}
