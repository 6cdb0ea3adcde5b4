//! Fingerprints of requests that contain secrets. A retry is recognized by its fingerprint, and the
//! request cannot be derived from the database.

use aws_lc_rs::hmac;
use kit::{Env, Error, secret};
use secrecy::ExposeSecret as _;

use crate::Args;

/// Shortest key, in bytes. With a shorter one, a card number could be found by brute force.
const MIN_BYTES: usize = 16;

/// Computes fingerprints: HMAC-SHA256 with a key that is not in the database.
#[derive(Clone, Debug)]
pub(crate) struct Fingerprinter(hmac::Key);

impl Fingerprinter {
    /// Uses the key of the settings, or generates a key for this process.
    pub(crate) fn new(args: &Args, env: &Env) -> Result<Self, Error> {
        let (value, file) = (args.fingerprint_key.as_ref(), args.fingerprint_key_file.as_deref());
        let Some(secret) = secret::read("FINGERPRINT_KEY", value, file)? else {
            return Ok(Self::with_key(&env.bytes::<32>()));
        };
        let bytes = secret.expose_secret().as_bytes();
        if bytes.len() < MIN_BYTES {
            let reason = format!("must have at least {MIN_BYTES} bytes");
            return Err(Error::Setting { name: "FINGERPRINT_KEY", reason });
        }
        Ok(Self::with_key(bytes))
    }

    pub(crate) fn with_key(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// Computes the fingerprint of the parts of a request. Each part is prefixed with its length,
    /// so that the boundaries between parts are unambiguous.
    pub(crate) fn fingerprint(&self, parts: &[&str]) -> Vec<u8> {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            context.update(part.as_bytes());
        }
        context.sign().as_ref().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprint_depends_on_key_parts_and_part_boundaries() {
        let fingerprinter = Fingerprinter::with_key(b"0123456789abcdef");
        let expected = fingerprinter.fingerprint(&["4242", "12"]);
        assert_eq!(expected, fingerprinter.fingerprint(&["4242", "12"]));
        assert_ne!(expected, fingerprinter.fingerprint(&["42421", "2"]));
        assert_ne!(expected, fingerprinter.fingerprint(&["4242", "13"]));
        assert_ne!(
            expected,
            Fingerprinter::with_key(b"0123456789abcdeg").fingerprint(&["4242", "12"])
        );
    }
}
