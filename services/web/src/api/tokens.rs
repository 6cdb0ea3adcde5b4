//! Tokens. `Debug` does not reveal them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use kit::http::Client;
use serde::Deserialize;
use serde_json::json;

use super::{Call, CallError, Credential, HttpClient};

/// An access token: a JWT.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct AccessToken(String);

/// A refresh token.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct RefreshToken(String);

/// Bytes of a cart token.
const CART_TOKEN_BYTES: usize = 32;

/// The token of a guest's cart: 32 bytes in base64url.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct CartToken(String);

/// The tokens of a session.
#[derive(Clone, Deserialize)]
pub(crate) struct Tokens {
    pub(crate) access_token: AccessToken,
    pub(crate) refresh_token: RefreshToken,
    /// Seconds until the access token expires.
    pub(crate) expires_in: i64,
}

impl HttpClient {
    /// Refreshes the session of a visitor.
    pub(crate) async fn refresh(
        &self,
        token: &RefreshToken,
        visitor: Client,
    ) -> Result<Tokens, CallError> {
        let call = Call::post("/auth/refresh").json(&json!({"refresh_token": token.expose()}));
        self.send(&call, Credential::None, visitor).await?.json()
    }
}

impl AccessToken {
    /// Returns the token for a cookie.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the value of the header `Authorization`.
    pub(crate) fn header(&self) -> HeaderValue {
        let value = HeaderValue::try_from(format!("Bearer {}", self.0));
        // A cookie with characters that no header has is no token; the gateway rejects the default.
        let mut value = value.unwrap_or(HeaderValue::from_static("Bearer invalid"));
        value.set_sensitive(true);
        value
    }
}

impl From<String> for AccessToken {
    fn from(token: String) -> Self {
        Self(token)
    }
}

impl RefreshToken {
    /// Returns the token for a cookie or a request.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for RefreshToken {
    fn from(token: String) -> Self {
        Self(token)
    }
}

impl CartToken {
    /// Parses the value of a cookie; `None` if it is no token, which the gateway would reject.
    pub(crate) fn parse(text: String) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(&text).ok()?;
        (bytes.len() == CART_TOKEN_BYTES).then_some(Self(text))
    }

    /// Returns the token for a cookie or a request.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// Returns the value of the header `Cart-Token`.
    pub(super) fn header(&self) -> HeaderValue {
        // Base64 is valid in a header, so the default, which the gateway rejects, is never used.
        let value = HeaderValue::try_from(&self.0);
        let mut value = value.unwrap_or(HeaderValue::from_static("invalid"));
        value.set_sensitive(true);
        value
    }
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccessToken")
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken")
    }
}

impl fmt::Debug for CartToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CartToken")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_with_line_break_injects_no_header() {
        let header = AccessToken::from("a\r\nX-Evil: 1".to_owned()).header();
        assert_eq!(header, "Bearer invalid");
    }

    #[test]
    fn cart_token_is_32_bytes_in_base64url() {
        let token = CartToken::parse("A".repeat(43)).unwrap();
        assert_eq!(format!("{token:?}"), "CartToken");
        assert!(token.header().is_sensitive());
        for wrong in ["", "A", &"A".repeat(42), &"A".repeat(44), &format!("{}\r\n", "A".repeat(41))]
        {
            assert_eq!(CartToken::parse(wrong.to_owned()), None, "{wrong}");
        }
    }
}
