//! Opaque tokens: 256 random bits that only their bearer knows. The shop keeps a digest; a thief of the
//! database gets nothing to sign in with.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use kit::Env;

const BYTES: usize = 32;

/// A token in the clear. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Opaque([u8; BYTES]);

/// The SHA-256 of a token or of an e-mail's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Of any bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut sum = [0; 32];
        sum.copy_from_slice(digest(&SHA256, bytes).as_ref());
        Self(sum)
    }
}

impl Opaque {
    /// A new one.
    #[must_use]
    pub fn new(env: &Env) -> Self {
        Self(env.bytes())
    }

    /// The token of this text, if it can be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// The text that its bearer gets: base64url.
    #[must_use]
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What the shop keeps of it.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opaque(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_token_is_read_back_from_its_text(bytes in any::<[u8; BYTES]>()) {
            let token = Opaque(bytes);
            prop_assert_eq!(Opaque::parse(&token.text()), Some(token));
        }

        #[test]
        fn no_text_is_two_tokens_and_none_makes_it_panic(text in ".{0,60}") {
            if let Some(token) = Opaque::parse(&text) {
                prop_assert_eq!(token.text(), text);
            }
        }
    }

    #[test]
    fn digests_are_those_of_fips_180_and_debug_shows_no_token() {
        let Digest(sum) = Digest::of(b"abc");
        assert_eq!(sum[..4], [0xba, 0x78, 0x16, 0xbf]);
        let token = Opaque::new(&Env::system());
        assert_eq!(format!("{token:?}"), "Opaque(…)");
    }
}
