//! `/wishlist`: the caller's wishlist. The user service stores the entries, and the catalog stores
//! the products.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use proto::user::v1::{AddToWishlistRequest, GetWishlistRequest, RemoveFromWishlistRequest};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::codes::{signed_in, with_body};
use super::{PathId, get_products};
use crate::app::App;
use crate::auth::{Caller, SignedIn};
use crate::openapi::service_route;
use crate::problem::{Code, Problem};
use crate::validation::{Body, Validator};
use crate::views::wishlist::{Wish, Wishlist};

pub(super) fn routes() -> OpenApiRouter<App> {
    let get_codes = signed_in(&[Code::UserNotFound]);
    let add_codes = signed_in(&with_body(&[
        Code::UserNotFound,
        Code::ProductNotFound,
        Code::Conflict,
        Code::WishlistFull,
    ]));
    let remove_codes = signed_in(&[Code::NotFound, Code::UserNotFound]);
    OpenApiRouter::new()
        .routes(service_route(&get_codes, routes!(get)))
        .routes(service_route(&add_codes, routes!(add)))
        .routes(service_route(&remove_codes, routes!(remove)))
}

/// Get my wishlist
///
/// A product that is no longer for sale stays on the wishlist, with `product` null.
#[utoipa::path(
    get, path = "/wishlist", operation_id = "getWishlist", tag = "account",
    responses((status = 200, description = "The wishlist.", body = Wishlist)),
    security(("bearer" = []))
)]
async fn get(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
) -> Result<Json<Wishlist>, Problem> {
    get_wishlist(&app, caller).await.map(Json)
}

/// Add a product to my wishlist
///
/// Returns the whole wishlist. Idempotent: adding a product again changes nothing.
#[utoipa::path(
    post, path = "/wishlist", operation_id = "addToWishlist", tag = "account",
    request_body = Wish,
    responses((status = 201, description = "The updated wishlist.", body = Wishlist)),
    security(("bearer" = []))
)]
async fn add(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(body): Body<Wish>,
) -> Result<(StatusCode, Json<Wishlist>), Problem> {
    let mut validator = Validator::new();
    let product = body.validate(&mut validator);
    let product_id = validator.pass(product)?.to_string();
    let products = get_products(&app, vec![product_id.clone()]).await?;
    if !products.iter().any(|product| product.is_active) {
        return Err(Code::ProductNotFound.problem());
    }
    let request = AddToWishlistRequest { user_id: caller.user_id.to_string(), product_id };
    let added = app.user().add_to_wishlist(request).await;
    added.map_err(Problem::not_found_as(Code::UserNotFound))?;
    Ok((StatusCode::CREATED, Json(get_wishlist(&app, caller).await?)))
}

/// Remove a product from my wishlist
///
/// Idempotent: succeeds if the product is not on the wishlist.
#[utoipa::path(
    delete, path = "/wishlist/{product_id}", operation_id = "removeFromWishlist", tag = "account",
    params(("product_id" = uuid::Uuid, Path, description = "The product.")),
    responses((status = 204, description = "The product is not on the wishlist.")),
    security(("bearer" = []))
)]
async fn remove(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    PathId(product_id): PathId,
) -> Result<StatusCode, Problem> {
    let request = RemoveFromWishlistRequest {
        user_id: caller.user_id.to_string(),
        product_id: product_id.to_string(),
    };
    let removed = app.user().remove_from_wishlist(request).await;
    removed.map_err(Problem::not_found_as(Code::UserNotFound))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn get_wishlist(app: &App, caller: Caller) -> Result<Wishlist, Problem> {
    let request = GetWishlistRequest { user_id: caller.user_id.to_string() };
    let wishlist = app.user().get_wishlist(request).await;
    let wishlist = wishlist.map_err(Problem::not_found_as(Code::UserNotFound))?;
    let items = wishlist.into_inner().items;
    let ids = items.iter().map(|item| item.product_id.clone()).collect();
    let products = get_products(app, ids).await?;
    Ok(Wishlist::new(items, products))
}
