//! `/categories`: the categories of the products.

use axum::extract::State;
use proto::common::v1::Empty;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::OptionalCaller;
use crate::cache::{CacheKey, CatalogRead, DependsOn, ReadKind};
use crate::encoded_response::EncodedResponse;
use crate::openapi::service_route;
use crate::problem::{Code, Problem};
use crate::validation::IfNoneMatchHeader;
use crate::views::category::CategoryList;

pub(super) fn routes() -> OpenApiRouter<App> {
    let codes = [Code::Unauthenticated, Code::InvalidToken, Code::TokenExpired, Code::SessionEnded];
    OpenApiRouter::new().routes(service_route(&codes, routes!(list)))
}

/// List categories
///
/// Returns all categories; `parent_id` defines the hierarchy.
#[utoipa::path(
    get, path = "/categories", operation_id = "listCategories", tag = "categories",
    params(IfNoneMatchHeader),
    responses(
        (status = 200, description = "All categories.", body = CategoryList,
            headers(("ETag" = String, description = "Weak entity tag."))),
        (status = 304, description = "Unchanged: `If-None-Match` matches.",
            headers(("ETag" = String, description = "Weak entity tag.")))),
    security((), ("bearer" = []))
)]
async fn list(State(app): State<App>, caller: OptionalCaller) -> Result<EncodedResponse, Problem> {
    let read = async {
        let categories = app.catalog().list_categories(Empty {}).await?.into_inner();
        let response = EncodedResponse::encode(&CategoryList::from(categories))?;
        Ok(CatalogRead { response, depends_on: DependsOn::Categories })
    };
    app.public_read(caller, &CacheKey::new(ReadKind::Categories, &Empty {}), read).await
}
