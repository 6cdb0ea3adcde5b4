//! `/wishlist`: what the caller remembers. The entries are the user service's, the products in them
//! the catalog's.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use proto::user::v1::{AddToWishlistRequest, GetWishlistRequest, RemoveFromWishlistRequest};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::codes::{signed_in, with_body};
use super::{PathId, products_of};
use crate::app::App;
use crate::auth::{Caller, SignedIn};
use crate::check::{Body, Check};
use crate::openapi::raising;
use crate::problem::{Code, Problem};
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
        .routes(raising(&get_codes, routes!(get)))
        .routes(raising(&add_codes, routes!(add)))
        .routes(raising(&remove_codes, routes!(remove)))
}

/// Get my wishlist
///
/// A product that the shop no longer sells stays on it, with `product` null.
#[utoipa::path(
    get, path = "/wishlist", operation_id = "getWishlist", tag = "account",
    responses((status = 200, description = "All of it.", body = Wishlist)),
    security(("bearer" = []))
)]
async fn get(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
) -> Result<Json<Wishlist>, Problem> {
    wishlist_of(&app, caller).await.map(Json)
}

/// Remember a product
///
/// Answers the whole wishlist. Adding a product again changes nothing.
#[utoipa::path(
    post, path = "/wishlist", operation_id = "addToWishlist", tag = "account",
    request_body = Wish,
    responses((status = 201, description = "The wishlist as it is now.", body = Wishlist)),
    security(("bearer" = []))
)]
async fn add(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(body): Body<Wish>,
) -> Result<(StatusCode, Json<Wishlist>), Problem> {
    let mut check = Check::new();
    let product = body.read(&mut check);
    let product_id = check.pass(product)?.to_string();
    let known = products_of(&app, vec![product_id.clone()]).await?;
    if !known.iter().any(|product| product.is_active) {
        return Err(Code::ProductNotFound.problem());
    }
    let request = AddToWishlistRequest { user_id: caller.user_id.to_string(), product_id };
    let added = app.user().add_to_wishlist(request).await;
    added.map_err(Problem::where_missing_is(Code::UserNotFound))?;
    Ok((StatusCode::CREATED, Json(wishlist_of(&app, caller).await?)))
}

/// Forget a product
///
/// Removing one that is not there is fine.
#[utoipa::path(
    delete, path = "/wishlist/{product_id}", operation_id = "removeFromWishlist", tag = "account",
    params(("product_id" = uuid::Uuid, Path, description = "The product.")),
    responses((status = 204, description = "It is not on the wishlist.")),
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
    removed.map_err(Problem::where_missing_is(Code::UserNotFound))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn wishlist_of(app: &App, caller: Caller) -> Result<Wishlist, Problem> {
    let request = GetWishlistRequest { user_id: caller.user_id.to_string() };
    let wishlist = app.user().get_wishlist(request).await;
    let wishlist = wishlist.map_err(Problem::where_missing_is(Code::UserNotFound))?;
    let items = wishlist.into_inner().items;
    let ids = items.iter().map(|item| item.product_id.clone()).collect();
    let products = products_of(app, ids).await?;
    Ok(Wishlist::new(items, products))
}
