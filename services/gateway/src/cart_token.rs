//! Tokens of guests' carts.
//!
//! A guest proves with a token that a cart is theirs. The cart service knows only the id that is
//! derived from it, so that neither Redis nor a log of the service contains a token that works.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kit::Env;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// Random bytes of a token. They cannot be guessed.
const BYTES: usize = 32;

/// Token of a guest's cart: 32 random bytes, in base64url without padding.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct CartToken([u8; BYTES]);

impl CartToken {
    /// Generates the token of a new cart.
    pub(crate) fn generate(env: &Env) -> Self {
        Self(env.bytes())
    }

    /// Parses a token; `None` if it is not 32 bytes in base64url.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// Returns the text that clients send.
    pub(crate) fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Returns the id of the guest: the first bits of the token's digest, as a UUID of version 8.
    /// Ids of accounts have another version, so that a guest is never taken for a customer.
    pub(crate) fn owner_id(&self) -> Uuid {
        let mut id = [0; 16];
        id.copy_from_slice(&Sha256::digest(self.0)[..16]);
        uuid::Builder::from_custom_bytes(id).into_uuid()
    }
}

/// Hides the token.
impl fmt::Debug for CartToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CartToken").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owner_id_is_the_digest_as_uuid_of_version_8() {
        let token = CartToken([0; 32]);
        assert_eq!(token.encode(), "A".repeat(43));
        // SHA-256 of 32 zero bytes is 66687aadf862bd776c8fc18b8e9f8e20….
        assert_eq!(token.owner_id().to_string(), "66687aad-f862-8d77-ac8f-c18b8e9f8e20");
        assert_eq!(token.owner_id().get_version_num(), 8);
    }

    #[test]
    fn token_is_32_bytes_in_base64url() {
        let token = CartToken::generate(&Env::system());
        assert_eq!(token.encode().len(), 43);
        assert_eq!(CartToken::parse(&token.encode()), Some(token));
        assert_ne!(CartToken::generate(&Env::system()), token);
        let text = |length: usize| "A".repeat(length);
        for wrong in [
            String::new(),
            text(42),
            text(44),
            text(4096),
            format!("{}=", text(43)),
            format!("{}+", text(42)),
            // The last character has bits that no byte uses.
            format!("{}B", text(42)),
        ] {
            assert_eq!(CartToken::parse(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn debug_hides_the_token() {
        let token = CartToken::generate(&Env::system());
        assert_eq!(format!("{token:?}"), "CartToken { .. }");
    }
}
