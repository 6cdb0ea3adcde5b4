//! Access tokens: EdDSA JSON Web Tokens that the user service signed.

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};
use serde::Deserialize;
use uuid::Uuid;

use super::keys::Keys;

/// Clocks of the pods may differ by this much.
const LEEWAY_SECS: i64 = 5;

/// Longer than any token of ours; saves the work of looking at it.
const MAX_TOKEN_BYTES: usize = 4096;

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Buys.
    Customer,
    /// Runs the shop.
    Admin,
}

/// Who calls, as the token says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The account.
    pub(crate) user_id: Uuid,
    /// The session: what a change of the password leaves alone.
    pub(crate) session_id: Uuid,
    /// What it may do.
    pub(crate) role: Role,
}

/// Why a token does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It was good once.
    Expired,
    /// It was never ours.
    Invalid,
}

/// Whose tokens are taken, and for whom they must be meant.
#[derive(Debug, Clone)]
pub(crate) struct Expectation {
    /// `iss` must be this.
    pub(crate) issuer: String,
    /// `aud` must be or contain this.
    pub(crate) audience: String,
}

/// The claims of an access token; `jti` is the user service's matter but belongs to every token, so
/// that one without it is not ours.
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

/// Verifies `token` at `now`: signature, algorithm, issuer, audience, times, and that nothing is
/// missing.
pub(crate) fn verify(
    token: &str,
    keys: &Keys,
    expected: &Expectation,
    now: Timestamp,
) -> Result<Caller, Refusal> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Refusal::Invalid);
    }
    let header = decode_header(token).map_err(|_| Refusal::Invalid)?;
    let key = header.kid.and_then(|kid| keys.get(&kid)).ok_or(Refusal::Invalid)?;
    let claims =
        decode::<Claims>(token, key, &validation(expected)).map_err(|_| Refusal::Invalid)?.claims;
    let now = now.as_second();
    if claims.iat > now + LEEWAY_SECS {
        return Err(Refusal::Invalid);
    }
    if claims.exp + LEEWAY_SECS <= now {
        return Err(Refusal::Expired);
    }
    Ok(Caller { user_id: claims.sub, session_id: claims.sid, role: claims.role })
}

fn validation(expected: &Expectation) -> Validation {
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_issuer(&[&expected.issuer]);
    validation.set_audience(&[&expected.audience]);
    validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    // By our own clock, above.
    validation.validate_exp = false;
    validation
}
