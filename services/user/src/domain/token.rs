//! Opaque tokens: 256 random bits that only the bearer has. The database stores only a digest, so
//! that a leaked database cannot be used to sign in.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kit::Env;

const BYTES: usize = 32;

/// A token in plain text. `Debug` does not reveal it.
#[derive(Clone, PartialEq, Eq)]
pub struct OpaqueToken([u8; BYTES]);

/// The SHA-256 digest of a token or of an e-mail address's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Computes the digest of `bytes`.
    #[must_use]
    pub fn sha256(bytes: &[u8]) -> Self {
        let mut sum = [0; 32];
        sum.copy_from_slice(digest(&SHA256, bytes).as_ref());
        Self(sum)
    }

    /// The first eight bytes in hexadecimal digits, for logs.
    #[must_use]
    pub fn short_hex(self) -> String {
        self.0.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl OpaqueToken {
    /// Generates a token.
    #[must_use]
    pub fn new(env: &Env) -> Self {
        Self(env.bytes())
    }

    /// Parses a token from its text form.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// Returns the text form for the bearer: base64url.
    #[must_use]
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Returns the token of these bytes; `None` if their number is wrong.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Returns the bytes of the token, from which keys are derived.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Returns the digest that is stored.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::sha256(&self.0)
    }
}

impl fmt::Debug for OpaqueToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OpaqueToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn token_round_trips_through_its_text(bytes in any::<[u8; BYTES]>()) {
            let token = OpaqueToken(bytes);
            prop_assert_eq!(OpaqueToken::parse(&token.text()), Some(token));
        }

        #[test]
        fn parse_accepts_only_canonical_text_and_never_panics(text in ".{0,60}") {
            if let Some(token) = OpaqueToken::parse(&text) {
                prop_assert_eq!(token.text(), text);
            }
        }
    }

    #[test]
    fn digest_is_sha256_and_debug_does_not_reveal_token() {
        let Digest(sum) = Digest::sha256(b"abc");
        assert_eq!(sum[..4], [0xba, 0x78, 0x16, 0xbf]);
        let token = OpaqueToken::new(&Env::system());
        assert_eq!(format!("{token:?}"), "OpaqueToken(…)");
    }
}
