//! Access tokens: JSON Web Tokens signed with EdDSA by the user service.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::Deserialize;
use uuid::Uuid;

use super::jwk::Keys;

/// Tolerated clock difference between pods.
const LEEWAY_SECS: i64 = 5;

/// Maximum length of a token; longer ones are rejected without parsing.
const MAX_TOKEN_BYTES: usize = 4096;

/// Role of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Orders for its own account.
    Customer,
    /// Manages the shop.
    Admin,
}

/// Authenticated caller, from the claims of its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Account of the caller.
    pub(crate) user_id: Uuid,
    /// Session of the caller, which stays valid when the caller changes the password.
    pub(crate) session_id: Uuid,
    /// Role of the account.
    pub(crate) role: Role,
}

/// Reason why a token is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenError {
    /// The token has expired.
    Expired,
    /// The session of the token has ended.
    SessionEnded,
    /// The token is malformed, has wrong claims, or is not signed by the user service.
    Invalid,
}

/// Issuer and audience that tokens must have.
#[derive(Debug, Clone)]
pub(crate) struct ExpectedClaims {
    /// Required value of `iss`.
    pub(crate) issuer: String,
    /// Value that `aud` must equal or contain.
    pub(crate) audience: String,
}

/// Claims of an access token. Only the user service evaluates `jti`, but it issues no token without
/// it, so it is required here.
#[derive(Deserialize)]
struct Claims {
    sub: Uuid,
    exp: i64,
    iat: i64,
    #[serde(rename = "jti")]
    _id: String,
    sid: Uuid,
    role: Role,
}

/// Verifies `token` at `now`: signature, algorithm, issuer, audience, times, and presence of all
/// claims.
pub(crate) fn verify(
    token: &str,
    keys: &Keys,
    expected: &ExpectedClaims,
    now: Timestamp,
) -> Result<Caller, TokenError> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(TokenError::Invalid);
    }
    let header = decode_header(token).map_err(|_| TokenError::Invalid)?;
    let key = header.kid.and_then(|kid| keys.get(&kid)).ok_or(TokenError::Invalid)?;
    let claims = decode::<Claims>(token, key, &validation(expected))
        .map_err(|_| TokenError::Invalid)?
        .claims;
    let now = now.as_second();
    if claims.iat > now + LEEWAY_SECS {
        return Err(TokenError::Invalid);
    }
    if claims.exp + LEEWAY_SECS <= now {
        return Err(TokenError::Expired);
    }
    Ok(Caller { user_id: claims.sub, session_id: claims.sid, role: claims.role })
}

fn validation(expected: &ExpectedClaims) -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[&expected.issuer]);
    validation.set_audience(&[&expected.audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // `verify` compares `exp` with the injected clock.
    validation.validate_exp = false;
    validation
}
