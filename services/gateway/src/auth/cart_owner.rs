//! Extractors of the owner of a cart: a customer with an access token, or a guest with a cart
//! token.

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::request::Parts;
use uuid::Uuid;

use super::extract::token_caller;
use crate::app::App;
use crate::cart_token::CartToken;
use crate::problem::{Code, Problem};
use crate::validation::Validator;

/// Name of the header with a cart token.
const HEADER: &str = "Cart-Token";

/// Owner of the cart of a request. An access token takes precedence over a cart token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CartOwner(pub(crate) Uuid);

/// Owner of the cart of a request, if it has a token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OptionalCartOwner(pub(crate) Option<CartOwner>);

impl OptionalCartOwner {
    /// Returns the owner, or `unauthenticated` without any token.
    pub(crate) fn require(self) -> Result<CartOwner, Problem> {
        self.0.ok_or_else(|| {
            Code::Unauthenticated.with_detail(
                "Send an access token as `Authorization: Bearer <token>`, or the token of a \
                 guest's cart as `Cart-Token`.",
            )
        })
    }
}

impl FromRequestParts<App> for OptionalCartOwner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let owner = match token_caller(parts, app)? {
            Some(caller) => Some(caller.user_id),
            None => cart_token(&parts.headers)?.map(|token| token.owner_id()),
        };
        Ok(Self(owner.map(CartOwner)))
    }
}

impl FromRequestParts<App> for CartOwner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        OptionalCartOwner::from_request_parts(parts, app).await?.require()
    }
}

/// Returns the cart token of a request; none without the header.
fn cart_token(headers: &HeaderMap) -> Result<Option<CartToken>, Problem> {
    let mut values = headers.get_all(HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let mut validator = Validator::new();
    if values.next().is_some() {
        validator.fail(HEADER, "repeated", "must be given at most once");
    }
    let token = validator.cart_token(HEADER, value.to_str().ok().unwrap_or_default());
    validator.pass(token).map(Some)
}
