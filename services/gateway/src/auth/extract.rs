//! Extractors of the caller. The extractor in the signature of a handler defines which callers are
//! allowed.

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, header};
use kit::context;

use super::{Caller, Role, TokenError, admin};
use crate::app::App;
use crate::problem::{Code, Problem};

/// Caller that may be anonymous. A token that is present must be valid. The user service has
/// confirmed the role of an administrator.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OptionalCaller(Option<Caller>);

/// Caller with an account, in any role. The role is that of the token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignedIn(pub(crate) Caller);

/// Caller with the administrator role, which the user service has confirmed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Admin(pub(crate) Caller);

impl OptionalCaller {
    /// Whether the caller is signed in with this role.
    pub(crate) fn has_role(&self, role: Role) -> bool {
        self.0.is_some_and(|caller| caller.role == role)
    }

    /// Returns the caller, or `unauthenticated` when it is anonymous.
    fn signed_in(self) -> Result<SignedIn, Problem> {
        self.0.map(SignedIn).ok_or_else(|| Code::Unauthenticated.problem())
    }

    /// Returns the caller, or `forbidden` when it does not have this role.
    pub(crate) fn require(self, role: Role) -> Result<Caller, Problem> {
        let SignedIn(caller) = self.signed_in()?;
        if caller.role != role {
            return Err(Code::Forbidden.problem());
        }
        Ok(caller)
    }
}

impl FromRequestParts<App> for OptionalCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match token_caller(parts, app)? {
            Some(caller) if caller.role == Role::Admin => {
                admin::verify(caller, app).await.map(|caller| Self(Some(caller)))
            }
            caller => Ok(Self(caller)),
        }
    }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        OptionalCaller(token_caller(parts, app)?).signed_in()
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = OptionalCaller::from_request_parts(parts, app).await?;
        caller.require(Role::Admin).map(Self)
    }
}

/// Returns the caller of the request's token; none without a token.
pub(super) fn token_caller(parts: &Parts, app: &App) -> Result<Option<Caller>, Problem> {
    let Some(token) = bearer(&parts.headers)? else { return Ok(None) };
    let caller = app.auth().verify(token).map_err(|error| match error {
        TokenError::Expired => Code::TokenExpired.problem(),
        TokenError::SessionEnded => Code::SessionEnded.problem(),
        TokenError::Invalid => Code::InvalidToken.problem(),
    })?;
    // Services write it to the audit log.
    context::origin().set_actor(caller.user_id);
    Ok(Some(caller))
}

/// Returns the token of `Authorization: Bearer <token>`; the scheme is case-insensitive.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    match text.and_then(|text| text.trim().split_once(' ')) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Err(Code::Unauthenticated.problem()),
    }
}
