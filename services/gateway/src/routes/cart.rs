//! `/cart`: the shopping cart of the caller, or of a guest.

use axum::extract::State;
use axum::{Extension, Json};
use http::StatusCode;
use kit::grpc::status::reason_of;
use kit::http::{Client, Sender};
use proto::cart::v1;
use proto::cart::v1::{AddItemRequest, ClearCartRequest, GetCartRequest, RemoveItemRequest};
use tonic::Status;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::PathId;
use super::codes::{cart_owner, signed_in, with_body};
use crate::app::App;
use crate::auth::{CartOwner, OptionalCartOwner, SignedIn};
use crate::cart_token::CartToken;
use crate::openapi::service_route;
use crate::problem::{Code, Problem};
use crate::validation::{Body, Validator};
use crate::views::cart::{Cart, ExtendedCart, GuestCart, MergedCart, NewCartItem, Quantity};

pub(super) fn routes() -> OpenApiRouter<App> {
    let add_codes = cart_owner(&with_body(&[
        Code::QuantityTooLarge,
        Code::ProductNotFound,
        Code::Conflict,
        Code::CartFull,
    ]));
    let set_codes = cart_owner(&with_body(&[
        Code::QuantityTooLarge,
        Code::NotFound,
        Code::CartItemNotFound,
        Code::Conflict,
    ]));
    let remove_codes = cart_owner(&[Code::NotFound]);
    let merge_codes = signed_in(&with_body(&[]));
    OpenApiRouter::new()
        .routes(service_route(&cart_owner(&[]), routes!(get)))
        .routes(service_route(&add_codes, routes!(add)))
        .routes(service_route(&set_codes, routes!(set)))
        .routes(service_route(&remove_codes, routes!(remove)))
        .routes(service_route(&cart_owner(&[]), routes!(clear)))
        .routes(service_route(&merge_codes, routes!(merge)))
}

/// Get my cart
///
/// Prices are current. A product that is no longer for sale is shown as not available and excluded
/// from the total. An unknown cart token is an empty cart.
#[utoipa::path(
    get, path = "/cart", operation_id = "getCart", tag = "cart",
    responses((status = 200, description = "The cart.", body = Cart)),
    security(("bearer" = []), ("cart_token" = []))
)]
async fn get(State(app): State<App>, CartOwner(owner): CartOwner) -> Result<Json<Cart>, Problem> {
    let cart = app.cart().get_cart(GetCartRequest { user_id: owner.to_string() }).await?;
    Ok(Json(cart.into_inner().into()))
}

/// Add a product to my cart
///
/// Adds to the quantity that is in the cart. Concurrent additions are summed. Without an access
/// token and a cart token, creates a cart for a guest, and returns its token once. A client can
/// create 20 carts per minute.
#[utoipa::path(
    post, path = "/cart/items", operation_id = "addCartItem", tag = "cart",
    request_body = NewCartItem,
    responses((status = 201, description = "The updated cart.", body = ExtendedCart)),
    security((), ("bearer" = []), ("cart_token" = []))
)]
async fn add(
    State(app): State<App>,
    OptionalCartOwner(owner): OptionalCartOwner,
    Extension(sender): Extension<Sender>,
    Body(body): Body<NewCartItem>,
) -> Result<(StatusCode, Json<ExtendedCart>), Problem> {
    let (owner, new_token) = match owner {
        Some(owner) => (owner, None),
        None => {
            let token = CartToken::generate(app.env());
            (CartOwner(token.owner_id()), Some(token))
        }
    };
    let mut validator = Validator::new();
    let request = body.validate(&mut validator, owner);
    let request = validator.pass(request)?;
    let cart = match new_token {
        Some(_) => add_to_new_cart(&app, sender.client, request).await?,
        None => match app.cart().add_item(request.clone()).await {
            Err(status) if is_absent(&status) => {
                add_to_new_cart(&app, sender.client, request).await?
            }
            added => added.map_err(Problem::not_found_as(Code::ProductNotFound))?.into_inner(),
        },
    };
    Ok((StatusCode::CREATED, Json(ExtendedCart::new(cart, new_token))))
}

/// Creates the cart of a guest, if the client's limit permits.
async fn add_to_new_cart(
    app: &App,
    client: Client,
    request: AddItemRequest,
) -> Result<v1::Cart, Problem> {
    app.guest_carts().take(client).await?;
    let request = AddItemRequest { create_guest_cart: true, ..request };
    let cart = app.cart().add_item(request).await;
    Ok(cart.map_err(Problem::not_found_as(Code::ProductNotFound))?.into_inner())
}

/// Whether the cart service refused to create the cart of a guest.
fn is_absent(status: &Status) -> bool {
    reason_of(status).is_some_and(|reason| reason == "guest_cart_absent")
}

/// Set the quantity of a product in my cart
#[utoipa::path(
    put, path = "/cart/items/{product_id}", operation_id = "updateCartItem", tag = "cart",
    params(("product_id" = uuid::Uuid, Path, description = "The product.")),
    request_body = Quantity,
    responses((status = 200, description = "The updated cart.", body = Cart)),
    security(("bearer" = []), ("cart_token" = []))
)]
async fn set(
    State(app): State<App>,
    owner: CartOwner,
    PathId(product_id): PathId,
    Body(body): Body<Quantity>,
) -> Result<Json<Cart>, Problem> {
    let mut validator = Validator::new();
    let request = body.validate(&mut validator, owner, product_id);
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
    security(("bearer" = []), ("cart_token" = []))
)]
async fn remove(
    State(app): State<App>,
    CartOwner(owner): CartOwner,
    PathId(product_id): PathId,
) -> Result<Json<Cart>, Problem> {
    let request =
        RemoveItemRequest { user_id: owner.to_string(), product_id: product_id.to_string() };
    let cart = app.cart().remove_item(request).await?;
    Ok(Json(cart.into_inner().into()))
}

/// Empty my cart
#[utoipa::path(
    delete, path = "/cart", operation_id = "clearCart", tag = "cart",
    responses((status = 204, description = "The cart is empty.")),
    security(("bearer" = []), ("cart_token" = []))
)]
async fn clear(State(app): State<App>, CartOwner(owner): CartOwner) -> Result<StatusCode, Problem> {
    let user_id = owner.to_string();
    app.cart().clear_cart(ClearCartRequest { user_id, ..ClearCartRequest::default() }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Merge a guest's cart into my cart
///
/// Quantities of products in both carts are added, up to 99. Lines above 100 are listed in
/// `not_merged`. The guest's cart is empty afterwards. Idempotent: a repeated request changes
/// nothing.
#[utoipa::path(
    post, path = "/cart/merge", operation_id = "mergeCart", tag = "cart",
    request_body = GuestCart,
    responses((status = 200, description = "The updated cart.", body = MergedCart)),
    security(("bearer" = []))
)]
async fn merge(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(body): Body<GuestCart>,
) -> Result<Json<MergedCart>, Problem> {
    let mut validator = Validator::new();
    let request = body.validate(&mut validator, caller);
    let request = validator.pass(request)?;
    let merged = app.cart().merge_cart(request).await?;
    Ok(Json(merged.into_inner().into()))
}
