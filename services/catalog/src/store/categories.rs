//! Categories.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query, query_as};
use uuid::Uuid;

use crate::domain::category::{Category, Tree};
use crate::domain::ids::CategoryId;
use crate::domain::slug::Slug;
use crate::error::Error;

struct Row {
    id: Uuid,
    name: String,
    slug: String,
    description: String,
    parent_id: Option<Uuid>,
    created_at: Timestamp,
}

impl From<Row> for Category {
    fn from(row: Row) -> Self {
        let Row { id, name, slug, description, parent_id, created_at } = row;
        Self {
            id: id.into(),
            name,
            slug: Slug::from_stored(slug),
            description,
            parent: parent_id.map(CategoryId::from),
            created_at,
        }
    }
}

/// All categories by name. Their number is bounded at creation.
pub(crate) async fn all(conn: &mut PgConnection) -> Result<Vec<Category>, Error> {
    let rows = query_as!(
        Row,
        r#"SELECT id, name, slug, description, parent_id, created_at
           FROM categories ORDER BY name COLLATE "und-x-icu", id"#,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Category::from).collect())
}

/// The number of active products directly in each non-empty category.
pub(crate) async fn product_counts(
    conn: &mut PgConnection,
) -> Result<BTreeMap<CategoryId, i64>, Error> {
    let rows = query!(
        r#"SELECT category_id AS "id!", count(*) AS "count!"
           FROM products WHERE is_active AND category_id IS NOT NULL GROUP BY category_id"#,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id.into(), row.count)).collect())
}

/// Takes a shared lock on all categories until the end of the transaction; waits for a transaction
/// that changes them.
pub(crate) async fn lock_shared(conn: &mut PgConnection) -> Result<(), Error> {
    query!("LOCK TABLE categories IN ROW EXCLUSIVE MODE").execute(conn).await?;
    Ok(())
}

/// The tree of categories, exclusively locked until the end of the transaction. Products cannot be
/// put into categories meanwhile (see [`lock_shared`]).
pub(crate) async fn lock_tree(conn: &mut PgConnection) -> Result<Tree, Error> {
    query!("LOCK TABLE categories IN SHARE ROW EXCLUSIVE MODE").execute(&mut *conn).await?;
    let rows = query!("SELECT id, parent_id FROM categories").fetch_all(conn).await?;
    Ok(Tree::new(rows.into_iter().map(|row| (row.id.into(), row.parent_id.map(CategoryId::from)))))
}

/// One category.
pub(crate) async fn find(
    conn: &mut PgConnection,
    id: CategoryId,
) -> Result<Option<Category>, Error> {
    let row = query_as!(
        Row,
        "SELECT id, name, slug, description, parent_id, created_at FROM categories WHERE id = $1",
        id.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Category::from))
}

/// Writes a new category.
pub(crate) async fn insert(conn: &mut PgConnection, category: &Category) -> Result<(), Error> {
    query!(
        "INSERT INTO categories (id, name, slug, description, parent_id, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        category.id.0,
        category.name,
        category.slug.as_str(),
        category.description,
        category.parent.map(|parent| parent.0),
        category.created_at.to_sqlx(),
    )
    .execute(conn)
    .await
    .map_err(Error::from_category_write)?;
    Ok(())
}

/// Writes a changed category.
pub(crate) async fn update(conn: &mut PgConnection, category: &Category) -> Result<(), Error> {
    query!(
        "UPDATE categories SET name = $2, slug = $3, description = $4, parent_id = $5
         WHERE id = $1",
        category.id.0,
        category.name,
        category.slug.as_str(),
        category.description,
        category.parent.map(|parent| parent.0),
    )
    .execute(conn)
    .await
    .map_err(Error::from_category_write)?;
    Ok(())
}

/// Deletes a category and returns whether it existed. PostgreSQL refuses while it is referenced.
pub(crate) async fn delete(conn: &mut PgConnection, id: CategoryId) -> Result<bool, Error> {
    let done = query!("DELETE FROM categories WHERE id = $1", id.0)
        .execute(conn)
        .await
        .map_err(Error::from_category_delete)?;
    Ok(done.rows_affected() == 1)
}
