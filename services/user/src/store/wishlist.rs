//! Wishlists.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query, query_scalar};
use uuid::Uuid;

use crate::domain::ids::{ProductId, UserId};
use crate::error::Error;

/// A product on a wishlist.
pub(crate) struct WishlistItem {
    pub(crate) id: Uuid,
    pub(crate) product: ProductId,
    pub(crate) added_at: Timestamp,
}

/// Lists the wishlist of an account, newest first.
pub(crate) async fn list(
    conn: &mut PgConnection,
    user: UserId,
) -> Result<Vec<WishlistItem>, Error> {
    let rows = query!(
        "SELECT id, product_id, added_at FROM wishlist_items WHERE user_id = $1
         ORDER BY added_at DESC, id DESC",
        user.0,
    )
    .fetch_all(conn)
    .await?;
    let item = |id, product: Uuid, added_at| WishlistItem { id, product: product.into(), added_at };
    Ok(rows.into_iter().map(|row| item(row.id, row.product_id, row.added_at.to_jiff())).collect())
}

/// Counts the products on the wishlist.
pub(crate) async fn count(conn: &mut PgConnection, user: UserId) -> Result<i64, Error> {
    let count = query_scalar!(
        r#"SELECT count(*) AS "count!" FROM wishlist_items WHERE user_id = $1"#,
        user.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// Adds a product, and returns whether it was not yet on the wishlist.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    user: UserId,
    item: &WishlistItem,
) -> Result<bool, Error> {
    let done = query!(
        "INSERT INTO wishlist_items (id, user_id, product_id, added_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT ON CONSTRAINT wishlist_items_product_key DO NOTHING",
        item.id,
        user.0,
        item.product.0,
        item.added_at.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes a product.
pub(crate) async fn delete(
    conn: &mut PgConnection,
    user: UserId,
    product: ProductId,
) -> Result<(), Error> {
    query!("DELETE FROM wishlist_items WHERE user_id = $1 AND product_id = $2", user.0, product.0)
        .execute(conn)
        .await?;
    Ok(())
}
