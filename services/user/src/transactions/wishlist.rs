//! Wishlists.

use sqlx::PgPool;

use crate::{
    domain::ids::UserId,
    error::Error,
    store::{self, wishlist::Wish},
};

/// The most products of one wishlist: it is read whole.
const MAX_WISHES: i64 = 500;

/// Puts a product on the wishlist of an account. A repeat changes nothing, also when it is full.
pub(crate) async fn add(pool: &PgPool, user: UserId, wish: &Wish) -> Result<(), Error> {
    let mut tx = pool.begin().await?;
    store::users::lock(&mut tx, user).await?.ok_or(Error::NotFound("user"))?;
    let added = store::wishlist::insert(&mut tx, user, wish).await?;
    if added && store::wishlist::count(&mut tx, user).await? > MAX_WISHES {
        return Err(Error::WishlistFull(MAX_WISHES));
    }
    Ok(tx.commit().await?)
}
