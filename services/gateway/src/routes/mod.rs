//! Routes, one file per resource. A handler validates the request, makes one call (rarely two or
//! three), and returns the result. Each route lists its possible error codes, which become part of
//! the OpenAPI document.

mod addresses;
mod admin;
mod auth;
mod cart;
mod categories;
mod checkout;
mod codes;
mod email;
mod health;
mod jwks;
mod me;
mod orders;
mod payment_methods;
mod products;
mod quotes;
mod replay;
mod sessions;
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

/// Path prefix of the shop's routes.
const PREFIX: &str = "/api/v1";

/// Whether the OpenAPI descriptions of the routes are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Descriptions {
    /// Kept, to build the document.
    Kept,
    /// Dropped, to serve requests. Those of each resource are dropped before the next ones are
    /// created: all of them together would occupy megabytes that the process never returns.
    Dropped,
}

/// Builds all routes, with those of administrators if `admin` is true. Clients may cache public
/// reads for `max_age`.
pub(crate) fn all(
    max_age: Duration,
    admin: bool,
    descriptions: Descriptions,
) -> OpenApiRouter<App> {
    let resource = |routes: fn() -> OpenApiRouter<App>| match descriptions {
        Descriptions::Kept => routes(),
        Descriptions::Dropped => Router::from(routes()).into(),
    };
    let public =
        OpenApiRouter::new().merge(resource(products::routes)).merge(resource(categories::routes));
    let public = caching::cache_public_reads(max_age, public);
    let shop = OpenApiRouter::new()
        .merge(public)
        .merge(resource(auth::routes))
        .merge(resource(me::routes))
        .merge(resource(sessions::routes))
        .merge(resource(email::routes))
        .merge(resource(addresses::routes))
        .merge(resource(wishlist::routes))
        .merge(resource(cart::routes))
        .merge(resource(quotes::routes))
        .merge(resource(payment_methods::routes))
        .merge(resource(checkout::routes))
        .merge(resource(orders::routes));
    let shop = if admin { shop.nest("/admin", resource(admin::routes)) } else { shop };
    OpenApiRouter::new()
        .merge(resource(health::routes))
        .merge(resource(jwks::routes))
        .nest(PREFIX, shop)
}

/// Builds the OpenAPI document of the routes. The gateway serves the committed copy at
/// `/openapi.json`.
#[must_use]
pub fn openapi() -> OpenApi {
    crate::openapi::document(all(Duration::ZERO, true, Descriptions::Kept).into_openapi())
}

/// Maximum number of products in one call of the catalog.
const MAX_BATCH: usize = 200;

/// Returns the products with these ids, in any order. Unknown ids are skipped.
async fn get_products(app: &App, ids: Vec<String>) -> Result<Vec<Product>, Problem> {
    let mut products = Vec::with_capacity(ids.len());
    // Bounded: the services limit the number of items in a cart or wishlist.
    for batch in ids.chunks(MAX_BATCH) {
        let request = BatchGetProductsRequest { ids: batch.to_vec() };
        products.extend(app.catalog().batch_get_products(request).await?.into_inner().products);
    }
    Ok(products)
}

/// Extractor of the UUID in a path. Anything else is 404.
pub(crate) struct PathId(pub(crate) Uuid);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let PathText(text) = PathText::from_request_parts(parts, state).await?;
        Uuid::try_parse(&text).map(Self).map_err(|_| id_not_found())
    }
}

/// Extractor of the text in a path. Invalid UTF-8 is 404.
pub(crate) struct PathText(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for PathText {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let segment = Path::<String>::from_request_parts(parts, state).await;
        segment.map(|Path(text)| Self(text)).map_err(|_| id_not_found())
    }
}

fn id_not_found() -> Problem {
    Code::NotFound.with_detail("There is no resource with this id.")
}
