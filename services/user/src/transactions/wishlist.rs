//! Transactions on wishlists.

use sqlx::PgPool;

use crate::domain::ids::UserId;
use crate::error::Error;
use crate::store;
use crate::store::wishlist::WishlistItem;

/// The maximum number of products on a wishlist. It is listed without pagination.
const MAX_PRODUCTS: i64 = 500;

/// Adds a product to the wishlist of an account. Adding it again changes nothing and succeeds even
/// if the wishlist is full.
pub(crate) async fn add(pool: &PgPool, user: UserId, item: &WishlistItem) -> Result<(), Error> {
    let mut tx = pool.begin().await?;
    store::users::lock(&mut tx, user).await?.ok_or(Error::NotFound("user"))?;
    let added = store::wishlist::insert(&mut tx, user, item).await?;
    if added && store::wishlist::count(&mut tx, user).await? > MAX_PRODUCTS {
        return Err(Error::WishlistFull(MAX_PRODUCTS));
    }
    Ok(tx.commit().await?)
}
