//! Extractors: a handler says who may call by what it takes.

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, header};

use super::{Caller, Refusal, Role};
use crate::app::App;
use crate::problem::{Code, Problem};

/// Anyone: with a token, which then must be good, or without.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Anyone(Option<Caller>);

/// Somebody with an account, whatever the role.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignedIn(pub(crate) Caller);

/// An administrator.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Admin(pub(crate) Caller);

impl Anyone {
    /// Whether the caller has this role.
    pub(crate) fn is(&self, role: Role) -> bool {
        self.0.is_some_and(|caller| caller.role == role)
    }

    /// The caller, who must have an account.
    fn signed_in(self) -> Result<SignedIn, Problem> {
        self.0.map(SignedIn).ok_or_else(|| Code::Unauthenticated.problem())
    }

    /// The caller, who must have this role.
    pub(crate) fn require(self, role: Role) -> Result<Caller, Problem> {
        let SignedIn(caller) = self.signed_in()?;
        if caller.role != role {
            return Err(Code::Forbidden.problem());
        }
        Ok(caller)
    }
}

impl FromRequestParts<App> for Anyone {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Some(token) = bearer(&parts.headers)? else { return Ok(Self(None)) };
        match app.auth().verify(token) {
            Ok(caller) => Ok(Self(Some(caller))),
            Err(Refusal::Expired) => Err(Code::TokenExpired.problem()),
            Err(Refusal::Invalid) => Err(Code::InvalidToken.problem()),
        }
    }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Anyone::from_request_parts(parts, app).await?.signed_in()
    }
}

impl FromRequestParts<App> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let caller = Anyone::from_request_parts(parts, app).await?;
        caller.require(Role::Admin).map(Self)
    }
}

/// The token of `Authorization: Bearer <token>`, whatever the case of the scheme.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().ok().filter(|_| values.next().is_none());
    match text.and_then(|text| text.trim().split_once(' ')) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(token.trim())),
        _ => Err(Code::Unauthenticated.problem()),
    }
}
