//! `/cart`: the caller's shopping cart.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use proto::cart::v1::{ClearCartRequest, GetCartRequest, RemoveItemRequest};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::PathId;
use super::codes::{signed_in, with_body};
use crate::app::App;
use crate::auth::SignedIn;
use crate::openapi::service_route;
use crate::problem::{Code, Problem};
use crate::validation::{Body, Validator};
use crate::views::cart::{Cart, NewCartItem, Quantity};

pub(super) fn routes() -> OpenApiRouter<App> {
    let add_codes = signed_in(&with_body(&[
        Code::QuantityTooLarge,
        Code::ProductNotFound,
        Code::Conflict,
        Code::CartFull,
    ]));
    let set_codes = signed_in(&with_body(&[
        Code::QuantityTooLarge,
        Code::NotFound,
        Code::CartItemNotFound,
        Code::Conflict,
    ]));
    let remove_codes = signed_in(&[Code::NotFound]);
    OpenApiRouter::new()
        .routes(service_route(&signed_in(&[]), routes!(get)))
        .routes(service_route(&add_codes, routes!(add)))
        .routes(service_route(&set_codes, routes!(set)))
        .routes(service_route(&remove_codes, routes!(remove)))
        .routes(service_route(&signed_in(&[]), routes!(clear)))
}

/// Get my cart
///
/// Prices are current. A product that is no longer for sale is shown as not available and excluded
/// from the total.
#[utoipa::path(
    get, path = "/cart", operation_id = "getCart", tag = "cart",
    responses((status = 200, description = "The cart.", body = Cart)),
    security(("bearer" = []))
)]
async fn get(State(app): State<App>, SignedIn(caller): SignedIn) -> Result<Json<Cart>, Problem> {
    let cart = app.cart().get_cart(GetCartRequest { user_id: caller.user_id.to_string() }).await?;
    Ok(Json(cart.into_inner().into()))
}

/// Add a product to my cart
///
/// Adds to the quantity that is in the cart. Concurrent additions are summed.
#[utoipa::path(
    post, path = "/cart/items", operation_id = "addCartItem", tag = "cart",
    request_body = NewCartItem,
    responses((status = 201, description = "The updated cart.", body = Cart)),
    security(("bearer" = []))
)]
async fn add(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(body): Body<NewCartItem>,
) -> Result<(StatusCode, Json<Cart>), Problem> {
    let mut validator = Validator::new();
    let request = body.validate(&mut validator, caller);
    let request = validator.pass(request)?;
    let cart = app.cart().add_item(request).await;
    let cart = cart.map_err(Problem::not_found_as(Code::ProductNotFound))?;
    Ok((StatusCode::CREATED, Json(cart.into_inner().into())))
}

/// Set the quantity of a product in my cart
#[utoipa::path(
    put, path = "/cart/items/{product_id}", operation_id = "updateCartItem", tag = "cart",
    params(("product_id" = uuid::Uuid, Path, description = "The product.")),
    request_body = Quantity,
    responses((status = 200, description = "The updated cart.", body = Cart)),
    security(("bearer" = []))
)]
async fn set(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    PathId(product_id): PathId,
    Body(body): Body<Quantity>,
) -> Result<Json<Cart>, Problem> {
    let mut validator = Validator::new();
    let request = body.validate(&mut validator, caller, product_id);
    let request = validator.pass(request)?;
    let cart = app.cart().update_item(request).await;
    let cart = cart.map_err(Problem::not_found_as(Code::CartItemNotFound))?;
    Ok(Json(cart.into_inner().into()))
}

/// Remove a product from my cart
///
/// Idempotent: succeeds if the product is not in the cart.
#[utoipa::path(
    delete, path = "/cart/items/{product_id}", operation_id = "removeCartItem", tag = "cart",
    params(("product_id" = uuid::Uuid, Path, description = "The product.")),
    responses((status = 200, description = "The updated cart.", body = Cart)),
    security(("bearer" = []))
)]
async fn remove(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    PathId(product_id): PathId,
) -> Result<Json<Cart>, Problem> {
    let request = RemoveItemRequest {
        user_id: caller.user_id.to_string(),
        product_id: product_id.to_string(),
    };
    let cart = app.cart().remove_item(request).await?;
    Ok(Json(cart.into_inner().into()))
}

/// Empty my cart
#[utoipa::path(
    delete, path = "/cart", operation_id = "clearCart", tag = "cart",
    responses((status = 204, description = "The cart is empty.")),
    security(("bearer" = []))
)]
async fn clear(State(app): State<App>, SignedIn(caller): SignedIn) -> Result<StatusCode, Problem> {
    let user_id = caller.user_id.to_string();
    app.cart().clear_cart(ClearCartRequest { user_id, ..ClearCartRequest::default() }).await?;
    Ok(StatusCode::NO_CONTENT)
}
