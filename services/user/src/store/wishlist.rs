//! Wishlists.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query, query_scalar};
use uuid::Uuid;

use crate::{
    domain::ids::{ProductId, UserId},
    error::Error,
};

/// A product that somebody wishes for.
pub(crate) struct Wish {
    pub(crate) id: Uuid,
    pub(crate) product: ProductId,
    pub(crate) added_at: Timestamp,
}

/// The wishlist of an account, newest first.
pub(crate) async fn list(conn: &mut PgConnection, user: UserId) -> Result<Vec<Wish>, Error> {
    let rows = query!(
        "SELECT id, product_id, added_at FROM wishlist_items WHERE user_id = $1
         ORDER BY added_at DESC, id DESC",
        user.0,
    )
    .fetch_all(conn)
    .await?;
    let wish = |id, product: Uuid, added_at| Wish { id, product: product.into(), added_at };
    Ok(rows.into_iter().map(|row| wish(row.id, row.product_id, row.added_at.to_jiff())).collect())
}

/// How many products are on it.
pub(crate) async fn count(conn: &mut PgConnection, user: UserId) -> Result<i64, Error> {
    let count = query_scalar!(
        r#"SELECT count(*) AS "count!" FROM wishlist_items WHERE user_id = $1"#,
        user.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// Puts a product on it and tells whether it was not there.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    user: UserId,
    wish: &Wish,
) -> Result<bool, Error> {
    let done = query!(
        "INSERT INTO wishlist_items (id, user_id, product_id, added_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT ON CONSTRAINT wishlist_items_product_key DO NOTHING",
        wish.id,
        user.0,
        wish.product.0,
        wish.added_at.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes a product off it.
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
