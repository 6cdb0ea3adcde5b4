//! Sealing of a refresh token's successor.
//!
//! Each use of a token within the grace period returns the same successor, so the used token's row
//! has to store it. Like all tokens it must not be readable in the database: it is sealed
//! (AES-256-GCM) under a key that only a bearer of the used token can derive (HKDF-SHA-256). The
//! row has only the used token's SHA-256 digest, from which neither can be computed.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use kit::Env;

use super::token::OpaqueToken;

const NONCE_BYTES: usize = 12;

/// The purpose of the derived key, so that no other key derived from a token can equal it.
const KEY_PURPOSE: &[u8] = b"storefront/user: successor of a refresh token";

/// A sealed successor: nonce, ciphertext and tag, 60 bytes. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedToken(Vec<u8>);

/// A successor could not be sealed, or a stored one was not sealed under the presented token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot seal or open the successor of a refresh token")]
pub struct SealError;

impl From<Unspecified> for SealError {
    fn from(_: Unspecified) -> Self {
        Self
    }
}

impl SealedToken {
    /// Seals `successor` under the token that it replaces.
    ///
    /// # Errors
    /// Returns an error if the cryptography library fails, which is not expected.
    pub fn seal(
        successor: &OpaqueToken,
        replaced: &OpaqueToken,
        env: &Env,
    ) -> Result<Self, SealError> {
        let nonce: [u8; NONCE_BYTES] = env.bytes();
        let mut text = successor.bytes().to_vec();
        key(replaced)?.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::empty(),
            &mut text,
        )?;
        Ok(Self([&nonce[..], &text].concat()))
    }

    /// Returns the successor, given the token that it replaces.
    ///
    /// # Errors
    /// Returns an error if the successor was sealed under another token, or changed since.
    pub fn open(&self, replaced: &OpaqueToken) -> Result<OpaqueToken, SealError> {
        let (nonce, text) = self.0.split_first_chunk::<NONCE_BYTES>().ok_or(SealError)?;
        let mut text = text.to_vec();
        let key = key(replaced)?;
        let opened =
            key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::empty(), &mut text)?;
        OpaqueToken::from_bytes(opened).ok_or(SealError)
    }

    /// Wraps a stored value.
    #[must_use]
    pub fn from_stored(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Returns the value to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SealedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealedToken(…)")
    }
}

fn key(replaced: &OpaqueToken) -> Result<LessSafeKey, SealError> {
    let derived = Salt::new(HKDF_SHA256, &[]).extract(replaced.bytes());
    let key = UnboundKey::from(derived.expand(&[KEY_PURPOSE], &AES_256_GCM)?);
    Ok(LessSafeKey::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> (OpaqueToken, OpaqueToken) {
        let env = Env::system();
        (OpaqueToken::new(&env), OpaqueToken::new(&env))
    }

    #[test]
    fn sealed_successor_opens_with_its_own_token_only() {
        let (used, successor) = tokens();
        let sealed = SealedToken::seal(&successor, &used, &Env::system()).unwrap();
        assert_eq!(sealed.as_bytes().len(), 60);
        assert_eq!(sealed.open(&used), Ok(successor.clone()));
        assert_eq!(sealed.open(&successor), Err(SealError));
    }

    #[test]
    fn changed_or_short_value_does_not_open() {
        let (used, successor) = tokens();
        let sealed = SealedToken::seal(&successor, &used, &Env::system()).unwrap();
        for index in [0, 12, 59] {
            let mut bytes = sealed.as_bytes().to_vec();
            bytes[index] ^= 1;
            assert_eq!(SealedToken::from_stored(bytes).open(&used), Err(SealError), "{index}");
        }
        for bytes in [vec![], vec![0; 12], vec![0; 28]] {
            assert_eq!(SealedToken::from_stored(bytes).open(&used), Err(SealError));
        }
    }

    #[test]
    fn stored_value_contains_neither_token_and_differs_each_time() {
        let (used, successor) = tokens();
        let seal = || SealedToken::seal(&successor, &used, &Env::system()).unwrap();
        let (one, two) = (seal(), seal());
        assert_ne!(one, two);
        for token in [&used, &successor] {
            let contains = one.as_bytes().windows(32).any(|part| part == token.bytes());
            assert!(!contains);
        }
        assert_eq!(format!("{one:?}"), "SealedToken(…)");
    }
}
