//! `/admin/categories`: the tree of shelves.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use proto::catalog::v1::DeleteCategoryRequest;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Admin;
use crate::check::{Body, Check};
use crate::openapi::raising;
use crate::problem::{Code, Problem};
use crate::routes::PathId;
use crate::routes::codes::{admin, with_body};
use crate::views::category::{Category, CategoryChanges, NewCategory};

pub(super) fn routes() -> OpenApiRouter<App> {
    let create_codes =
        admin(&with_body(&[Code::Conflict, Code::SlugTaken, Code::TooManyCategories]));
    let update_codes = admin(&with_body(&[
        Code::NotFound,
        Code::CategoryNotFound,
        Code::Conflict,
        Code::SlugTaken,
    ]));
    let delete_codes = admin(&[
        Code::NotFound,
        Code::CategoryNotFound,
        Code::Conflict,
        Code::CategoryInUse,
        Code::CategoryHasChildren,
    ]);
    OpenApiRouter::new()
        .routes(raising(&create_codes, routes!(create)))
        .routes(raising(&update_codes, routes!(update)))
        .routes(raising(&delete_codes, routes!(delete)))
}

/// Create a category
#[utoipa::path(
    post, path = "/categories", operation_id = "createCategory", tag = "admin",
    request_body = NewCategory,
    responses((status = 201, description = "The new category.", body = Category)),
    security(("bearer" = []))
)]
async fn create(
    State(app): State<App>,
    _: Admin,
    Body(body): Body<NewCategory>,
) -> Result<(StatusCode, Json<Category>), Problem> {
    let mut check = Check::new();
    let request = body.read(&mut check);
    let request = check.pass(request)?;
    let category = app.catalog().create_category(request).await?;
    Ok((StatusCode::CREATED, Json(category.into_inner().into())))
}

/// Change a category
///
/// Fields that are absent stay as they are. A category cannot be moved below itself.
#[utoipa::path(
    put, path = "/categories/{id}", operation_id = "updateCategory", tag = "admin",
    params(("id" = uuid::Uuid, Path, description = "The category.")),
    request_body = CategoryChanges,
    responses((status = 200, description = "The category as it is now.", body = Category)),
    security(("bearer" = []))
)]
async fn update(
    State(app): State<App>,
    _: Admin,
    PathId(id): PathId,
    Body(body): Body<CategoryChanges>,
) -> Result<Json<Category>, Problem> {
    let mut check = Check::new();
    let request = body.read(&mut check, id);
    check.finish()?;
    let category = app.catalog().update_category(request).await;
    let category = category.map_err(Problem::where_missing_is(Code::CategoryNotFound))?;
    Ok(Json(category.into_inner().into()))
}

/// Delete a category
///
/// Refused while products or other categories are in it.
#[utoipa::path(
    delete, path = "/categories/{id}", operation_id = "deleteCategory", tag = "admin",
    params(("id" = uuid::Uuid, Path, description = "The category.")),
    responses((status = 204, description = "It is deleted.")),
    security(("bearer" = []))
)]
async fn delete(
    State(app): State<App>,
    _: Admin,
    PathId(id): PathId,
) -> Result<StatusCode, Problem> {
    let request = DeleteCategoryRequest { id: id.to_string() };
    let deleted = app.catalog().delete_category(request).await;
    deleted.map_err(Problem::where_missing_is(Code::CategoryNotFound))?;
    Ok(StatusCode::NO_CONTENT)
}
