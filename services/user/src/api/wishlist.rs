//! Parsing of requests about wishlists.

use kit::Env;
use proto::user::v1 as pb;
use tonic::Status;
use wire::Fields;

use crate::domain::ids::{ProductId, UserId};
use crate::store::wishlist::WishlistItem;

pub(super) fn add(
    request: &pb::AddToWishlistRequest,
    env: &Env,
) -> Result<(UserId, WishlistItem), Status> {
    let (user, product) = ids(&request.user_id, &request.product_id)?;
    Ok((user, WishlistItem { id: env.uuid(), product, added_at: env.now() }))
}

pub(super) fn remove(
    request: &pb::RemoveFromWishlistRequest,
) -> Result<(UserId, ProductId), Status> {
    ids(&request.user_id, &request.product_id)
}

fn ids(user_id: &str, product_id: &str) -> Result<(UserId, ProductId), Status> {
    let mut fields = Fields::default();
    let user = fields.id("user_id", user_id);
    let product = fields.id("product_id", product_id);
    fields.finish(user.zip(product))
}
