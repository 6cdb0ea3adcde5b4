//! `/admin/products`: management of products and their stock.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::ETAG;
use proto::catalog::v1;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Admin;
use crate::entity_tag;
use crate::openapi::service_route;
use crate::problem::{Code, Problem};
use crate::routes::PathId;
use crate::routes::codes::{admin, with_body};
use crate::validation::{Body, Condition, IfMatch, IfMatchHeader, MAX_PRODUCT_BYTES, Validator};
use crate::views::product::{NewProduct, Product, ProductChanges, StockMovement};

/// Response with a product and the strong tag of its revision.
struct TaggedProduct(v1::Product);

impl IntoResponse for TaggedProduct {
    fn into_response(self) -> Response {
        let Self(product) = self;
        let tag = entity_tag::from_revision(product.revision).map(|tag| [(ETAG, tag)]);
        (tag, Json(Product::from(product))).into_response()
    }
}

pub(super) fn routes() -> OpenApiRouter<App> {
    let create_codes = admin(&with_body(&[Code::Conflict, Code::SlugTaken, Code::StockTooLarge]));
    let update_codes = admin(&with_body(&[
        Code::NotFound,
        Code::ProductNotFound,
        Code::Conflict,
        Code::SlugTaken,
        Code::StockTooLarge,
        Code::PreconditionFailed,
        Code::PreconditionRequired,
    ]));
    let delete_codes = admin(&[
        Code::NotFound,
        Code::ProductNotFound,
        Code::InvalidRequest,
        Code::PreconditionFailed,
    ]);
    let stock_codes = admin(&with_body(&[
        Code::NotFound,
        Code::ProductNotFound,
        Code::Conflict,
        Code::StockBelowReserved,
        Code::StockTooLarge,
        Code::PreconditionFailed,
    ]));
    OpenApiRouter::new()
        .routes(service_route(&create_codes, routes!(create)))
        .routes(service_route(&update_codes, routes!(update)))
        .routes(service_route(&delete_codes, routes!(delete)))
        .routes(service_route(&stock_codes, routes!(adjust_stock)))
}

/// Create a product
#[utoipa::path(
    post, path = "/products", operation_id = "createProduct", tag = "admin",
    request_body = NewProduct,
    responses((status = 201, description = "The new product.", body = Product,
        headers(("ETag" = String, description = "Strong tag of the revision, for `If-Match`.")))),
    security(("bearer" = []))
)]
async fn create(
    State(app): State<App>,
    _: Admin,
    Body(body): Body<NewProduct, MAX_PRODUCT_BYTES>,
) -> Result<(StatusCode, TaggedProduct), Problem> {
    let mut validator = Validator::new();
    let request = body.validate(&mut validator);
    let request = validator.pass(request)?;
    let product = app.catalog().create_product(request).await?;
    Ok((StatusCode::CREATED, TaggedProduct(product.into_inner())))
}

/// Change a product
///
/// Absent fields stay unchanged. `If-Match` with the `ETag` of the product protects against edits
/// and sales in between; `stock_quantity` requires it. To add or remove units, adjust the stock
/// instead.
#[utoipa::path(
    put, path = "/products/{id}", operation_id = "updateProduct", tag = "admin",
    params(("id" = uuid::Uuid, Path, description = "The product."), IfMatchHeader),
    request_body = ProductChanges,
    responses((status = 200, description = "The updated product.", body = Product,
        headers(("ETag" = String, description = "Strong tag of the revision, for `If-Match`.")))),
    security(("bearer" = []))
)]
async fn update(
    State(app): State<App>,
    _: Admin,
    PathId(id): PathId,
    if_match: IfMatch,
    Body(body): Body<ProductChanges, MAX_PRODUCT_BYTES>,
) -> Result<TaggedProduct, Problem> {
    let mut validator = Validator::new();
    let condition = if_match.validate(&mut validator);
    let is_conditional = condition.is_some();
    let request = body.validate(&mut validator, id, condition);
    validator.finish()?;
    if request.stock_quantity.is_some() && !is_conditional {
        return Err(Code::PreconditionRequired.problem());
    }
    let product = app.catalog().update_product(request).await;
    let product = product.map_err(Problem::not_found_as(Code::ProductNotFound))?;
    Ok(TaggedProduct(product.into_inner()))
}

/// Delete a product
///
/// Hides the product from shoppers. Orders with the product stay unchanged, and its slug stays
/// reserved. Idempotent: deleting it again succeeds, also with the `If-Match` of the first time.
#[utoipa::path(
    delete, path = "/products/{id}", operation_id = "deleteProduct", tag = "admin",
    params(("id" = uuid::Uuid, Path, description = "The product."), IfMatchHeader),
    responses((status = 204, description = "The product is deleted.")),
    security(("bearer" = []))
)]
async fn delete(
    State(app): State<App>,
    _: Admin,
    PathId(id): PathId,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let mut validator = Validator::new();
    let condition = if_match.validate(&mut validator);
    validator.finish()?;
    let condition = condition.map(Condition::expected_revisions);
    let (expected_revision, other_revisions) = condition.unwrap_or_default();
    let id = id.to_string();
    let request = v1::DeleteProductRequest { id, expected_revision, other_revisions };
    let deleted = app.catalog().delete_product(request).await;
    deleted.map_err(Problem::not_found_as(Code::ProductNotFound))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Adjust the stock of a product
///
/// Adds units to the stock or removes them, and records the reason. The stock cannot fall below the
/// number of units reserved for orders.
#[utoipa::path(
    post, path = "/products/{id}/stock", operation_id = "adjustStock", tag = "admin",
    params(("id" = uuid::Uuid, Path, description = "The product."), IfMatchHeader),
    request_body = StockMovement,
    responses((status = 200, description = "The updated product.", body = Product,
        headers(("ETag" = String, description = "Strong tag of the revision, for `If-Match`.")))),
    security(("bearer" = []))
)]
async fn adjust_stock(
    State(app): State<App>,
    Admin(caller): Admin,
    PathId(id): PathId,
    if_match: IfMatch,
    Body(body): Body<StockMovement>,
) -> Result<TaggedProduct, Problem> {
    let mut validator = Validator::new();
    let condition = if_match.validate(&mut validator);
    let request = body.validate(&mut validator, id, condition, caller.user_id);
    let request = validator.pass(request)?;
    let product = app.catalog().adjust_stock(request).await;
    let product = product.map_err(Problem::not_found_as(Code::ProductNotFound))?;
    Ok(TaggedProduct(product.into_inner()))
}
