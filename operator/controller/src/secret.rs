//! Generates Secrets with random content.

use aws_lc_rs::error::KeyRejected;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::distr::{Alphanumeric, SampleString as _};
use rand::{CryptoRng, Rng};
use serde_json::{Map, Value, json};
use storefront_desired::{SecretField, SecretTemplate};

use crate::jwk::SigningKey;

/// The number of letters and digits in a generated password: 190 bits, without characters that have
/// a meaning in a URL or a shell.
const PASSWORD_LENGTH: usize = 32;

/// Generates the Secret of this template.
///
/// # Errors
///
/// When no key can be generated, which no random seed causes.
pub(crate) fn generate(
    template: &SecretTemplate,
    rng: &mut (impl Rng + CryptoRng),
) -> Result<Value, KeyRejected> {
    // One key for the whole Secret; it is unused if no field needs it.
    let key = SigningKey::new(rng)?;
    let mut value = |field: &SecretField| match field {
        SecretField::Fixed(text) => text.clone(),
        SecretField::Password => Alphanumeric.sample_string(rng, PASSWORD_LENGTH),
        SecretField::SigningKeys => key.signing_set(),
        SecretField::PublicKeys => key.public_set(),
    };
    let fields = template.fields.iter();
    let data: Map<String, Value> =
        fields.map(|(name, field)| (name.clone(), STANDARD.encode(value(field)).into())).collect();
    let mut manifest = template.manifest.clone();
    Ok(match manifest.as_object_mut() {
        Some(object) => {
            object.insert("data".to_owned(), Value::Object(data));
            manifest
        }
        None => json!({ "data": data }),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    #[test]
    fn passwords_are_long_alphanumeric_and_unique() {
        let fields = BTreeMap::from([
            ("username".to_owned(), SecretField::Fixed("catalog".to_owned())),
            ("password".to_owned(), SecretField::Password),
        ]);
        let manifest = json!({"metadata": {"name": "demo-catalog-db"}});
        let template = SecretTemplate { manifest, fields };
        let mut passwords = BTreeSet::new();
        for _ in 0..50 {
            let secret = generate(&template, &mut rand::rng()).unwrap();
            assert_eq!(secret["metadata"]["name"], "demo-catalog-db");
            assert_eq!(secret["data"]["username"], STANDARD.encode("catalog"));
            let password = STANDARD.decode(secret["data"]["password"].as_str().unwrap()).unwrap();
            assert_eq!(password.len(), PASSWORD_LENGTH);
            assert!(password.iter().all(u8::is_ascii_alphanumeric));
            passwords.insert(password);
        }
        assert_eq!(passwords.len(), 50);
    }

    #[test]
    fn key_sets_of_a_secret_share_one_key_unique_to_it() {
        let fields = BTreeMap::from([
            ("signing.json".to_owned(), SecretField::SigningKeys),
            ("public.json".to_owned(), SecretField::PublicKeys),
        ]);
        let template = SecretTemplate { manifest: json!({}), fields };
        let kids = || {
            let secret = generate(&template, &mut rand::rng()).unwrap();
            ["signing.json", "public.json"].map(|key| {
                let set = STANDARD.decode(secret["data"][key].as_str().unwrap()).unwrap();
                let set: Value = serde_json::from_slice(&set).unwrap();
                set["keys"][0]["kid"].as_str().unwrap().to_owned()
            })
        };
        let ([signing, public], [other, _]) = (kids(), kids());
        assert_eq!(signing, public);
        assert_ne!(signing, other);
    }
}
