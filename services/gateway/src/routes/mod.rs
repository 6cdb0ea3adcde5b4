//! The routes, one file a resource. A handler reads the request, makes one call (seldom two or three),
//! and answers what came back; what can go wrong is listed beside the route and so gets into the document.

mod addresses;
mod admin;
mod auth;
mod cart;
mod categories;
mod codes;
mod health;
mod jwks;
mod me;
mod orders;
mod payment_methods;
mod products;
mod quotes;
mod replay;
mod wishlist;

use std::time::Duration;

use axum::Router;
use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use proto::catalog::v1::{BatchGetProductsRequest, Product};
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use uuid::Uuid;

use crate::app::App;
use crate::layers::caching;
use crate::problem::{Code, Problem};

/// Under which the shop's routes lie.
const PREFIX: &str = "/api/v1";

/// What becomes of what the routes say of themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Descriptions {
    /// The document is made of them.
    Kept,
    /// Requests are to be served. Those of each resource are let go before the next one's are made: all
    /// of them together would take megabytes that stay with the process.
    Dropped,
}

/// All routes. Public reads may be kept for `max_age`.
pub(crate) fn all(max_age: Duration, descriptions: Descriptions) -> OpenApiRouter<App> {
    let part = |routes: fn() -> OpenApiRouter<App>| match descriptions {
        Descriptions::Kept => routes(),
        Descriptions::Dropped => Router::from(routes()).into(),
    };
    let public = OpenApiRouter::new().merge(part(products::routes)).merge(part(categories::routes));
    let public = caching::of_public_reads(max_age, public);
    let shop = OpenApiRouter::new()
        .merge(public)
        .merge(part(auth::routes))
        .merge(part(me::routes))
        .merge(part(addresses::routes))
        .merge(part(wishlist::routes))
        .merge(part(cart::routes))
        .merge(part(quotes::routes))
        .merge(part(payment_methods::routes))
        .merge(part(orders::routes))
        .nest("/admin", part(admin::routes));
    OpenApiRouter::new().merge(part(health::routes)).merge(part(jwks::routes)).nest(PREFIX, shop)
}

/// Builds the OpenAPI document of the routes. The gateway serves the committed copy at
/// `/openapi.json`.
#[must_use]
pub fn openapi() -> OpenApi {
    crate::openapi::document(all(Duration::ZERO, Descriptions::Kept).into_openapi())
}

/// As many products as the catalog gives at once.
const MAX_BATCH: usize = 200;

/// The products with these ids, as far as they are known, in any order.
async fn products_of(app: &App, ids: Vec<String>) -> Result<Vec<Product>, Problem> {
    let mut products = Vec::with_capacity(ids.len());
    // As many turns as the longest list of a customer takes, which its owner bounds.
    for batch in ids.chunks(MAX_BATCH) {
        let request = BatchGetProductsRequest { ids: batch.to_vec() };
        products.extend(app.catalog().batch_get_products(request).await?.into_inner().products);
    }
    Ok(products)
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
