//! `/admin/categories`: management of the category tree.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use proto::catalog::v1::DeleteCategoryRequest;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Admin;
use crate::openapi::service_route;
use crate::problem::{Code, Problem};
use crate::routes::PathId;
use crate::routes::codes::{admin, with_body};
use crate::validation::{Body, Validator};
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
        .routes(service_route(&create_codes, routes!(create)))
        .routes(service_route(&update_codes, routes!(update)))
        .routes(service_route(&delete_codes, routes!(delete)))
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
    let mut validator = Validator::new();
    let request = body.validate(&mut validator);
    let request = validator.pass(request)?;
    let category = app.catalog().create_category(request).await?;
    Ok((StatusCode::CREATED, Json(category.into_inner().into())))
}

/// Change a category
///
/// Absent fields stay unchanged. A category cannot be moved below itself.
#[utoipa::path(
    put, path = "/categories/{id}", operation_id = "updateCategory", tag = "admin",
    params(("id" = uuid::Uuid, Path, description = "The category.")),
    request_body = CategoryChanges,
    responses((status = 200, description = "The updated category.", body = Category)),
    security(("bearer" = []))
)]
async fn update(
    State(app): State<App>,
    _: Admin,
    PathId(id): PathId,
    Body(body): Body<CategoryChanges>,
) -> Result<Json<Category>, Problem> {
    let mut validator = Validator::new();
    let request = body.validate(&mut validator, id);
    validator.finish()?;
    let category = app.catalog().update_category(request).await;
    let category = category.map_err(Problem::not_found_as(Code::CategoryNotFound))?;
    Ok(Json(category.into_inner().into()))
}

/// Delete a category
///
/// Fails while the category contains products or subcategories.
#[utoipa::path(
    delete, path = "/categories/{id}", operation_id = "deleteCategory", tag = "admin",
    params(("id" = uuid::Uuid, Path, description = "The category.")),
    responses((status = 204, description = "The category is deleted.")),
    security(("bearer" = []))
)]
async fn delete(
    State(app): State<App>,
    _: Admin,
    PathId(id): PathId,
) -> Result<StatusCode, Problem> {
    let request = DeleteCategoryRequest { id: id.to_string() };
    let deleted = app.catalog().delete_category(request).await;
    deleted.map_err(Problem::not_found_as(Code::CategoryNotFound))?;
    Ok(StatusCode::NO_CONTENT)
}
