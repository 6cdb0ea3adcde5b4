//! `/categories`: the shelves.

use axum::extract::State;
use proto::common::v1::Empty;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::answer::Answer;
use crate::app::App;
use crate::auth::Anyone;
use crate::cache::{Found, Question, Read, Shows};
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
async fn list(State(app): State<App>, caller: Anyone) -> Result<Answer, Problem> {
    let read = async {
        let categories = app.catalog().list_categories(Empty {}).await?.into_inner();
        let answer = Answer::of(&CategoryList::from(categories))?;
        Ok(Found { answer, shows: Shows::Categories })
    };
    app.public_read(caller, &Question::new(Read::Categories, &Empty {}), read).await
}
