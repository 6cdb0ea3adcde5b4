//! `/categories`: the shelves.

use axum::Json;
use axum::extract::State;
use proto::common::v1::Empty;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Anyone;
use crate::openapi::raising;
use crate::problem::{Code, Problem};
use crate::views::category::CategoryList;

pub(super) fn routes() -> OpenApiRouter<App> {
    let codes = [Code::Unauthenticated, Code::InvalidToken, Code::TokenExpired];
    OpenApiRouter::new().routes(raising(&codes, routes!(list)))
}

/// List categories
///
/// All of them; `parent_id` makes the tree.
#[utoipa::path(
    get, path = "/categories", operation_id = "listCategories", tag = "categories",
    responses((status = 200, description = "All categories.", body = CategoryList)),
    security((), ("bearer" = []))
)]
async fn list(State(app): State<App>, _: Anyone) -> Result<Json<CategoryList>, Problem> {
    let categories = app.catalog().list_categories(Empty {}).await?;
    Ok(Json(categories.into_inner().into()))
}
