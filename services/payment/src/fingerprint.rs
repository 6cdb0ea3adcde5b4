//! Fingerprints of requests that hold secrets: a repeat is known for one, and nobody who reads the
//! database learns what was asked.

use aws_lc_rs::hmac;
use kit::{Env, Error, secret};
use secrecy::ExposeSecret as _;

use crate::Args;

/// The shortest secret, in bytes: below it, a card number could be found by trying.
const MIN_BYTES: usize = 16;

/// Makes fingerprints: HMAC-SHA256 under a key that the database does not know.
#[derive(Clone, Debug)]
pub(crate) struct Fingerprints(hmac::Key);

impl Fingerprints {
    /// With the key of the settings, or without one a key for this process alone.
    pub(crate) fn new(args: &Args, env: &Env) -> Result<Self, Error> {
        let (value, file) = (args.fingerprint_key.as_ref(), args.fingerprint_key_file.as_deref());
        let Some(secret) = secret::read("FINGERPRINT_KEY", value, file)? else {
            return Ok(Self::of(&env.bytes::<32>()));
        };
        let bytes = secret.expose_secret().as_bytes();
        if bytes.len() < MIN_BYTES {
            let reason = format!("must have at least {MIN_BYTES} bytes");
            return Err(Error::Setting { name: "FINGERPRINT_KEY", reason });
        }
        Ok(Self::of(bytes))
    }

    fn of(key: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key))
    }

    /// The fingerprint of a request's parts. Each goes in with its length, so that none runs into the
    /// next.
    pub(crate) fn of_parts(&self, parts: &[&str]) -> Vec<u8> {
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
    fn fingerprints_differ_by_key_by_part_and_by_where_parts_end() {
        let ours = Fingerprints::of(b"0123456789abcdef");
        let print = ours.of_parts(&["4242", "12"]);
        assert_eq!(print, ours.of_parts(&["4242", "12"]));
        assert_ne!(print, ours.of_parts(&["42421", "2"]));
        assert_ne!(print, ours.of_parts(&["4242", "13"]));
        assert_ne!(print, Fingerprints::of(b"0123456789abcdeg").of_parts(&["4242", "12"]));
    }
}
