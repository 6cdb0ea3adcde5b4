//! The routes, one file a resource. A handler reads the request, makes one call, and answers what
//! came back; what can go wrong is listed beside the route and so gets into the document.

mod admin;
mod categories;
mod health;
mod jwks;
mod products;

use std::time::Duration;

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use crate::app::App;
use crate::layers::caching;
use crate::problem::{Code, Problem};

/// Under which the shop's routes lie.
const PREFIX: &str = "/api/v1";

/// All routes, with their part of the document. Public reads may be kept for `max_age`.
pub(crate) fn all(max_age: Duration) -> OpenApiRouter<App> {
    let public = OpenApiRouter::new().merge(products::routes()).merge(categories::routes());
    let public = caching::of_public_reads(max_age, public);
    let shop = OpenApiRouter::new().merge(public).nest("/admin", admin::routes());
    OpenApiRouter::new().merge(health::routes()).merge(jwks::routes()).nest(PREFIX, shop)
}

/// The id in a path. What is no id names nothing: 404.
pub(crate) struct PathId(pub(crate) Uuid);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let PathText(text) = PathText::from_request_parts(parts, state).await?;
        Uuid::try_parse(&text).map(Self).map_err(|_| no_such_id())
    }
}

/// The name in a path. What is no text names nothing: 404.
pub(crate) struct PathText(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for PathText {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let segment = Path::<String>::from_request_parts(parts, state).await;
        segment.map(|Path(text)| Self(text)).map_err(|_| no_such_id())
    }
}

fn no_such_id() -> Problem {
    Code::NotFound.says("There is nothing with this id.")
}
