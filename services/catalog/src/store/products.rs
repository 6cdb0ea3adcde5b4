//! Single products and batches of them.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use money::Money;
use sqlx::{PgConnection, query};
use uuid::Uuid;

use crate::domain::ids::{CategoryId, ProductId};
use crate::domain::product::{Details, Product};
use crate::domain::slug::Slug;
use crate::error::Error;

/// The columns of a product.
pub(super) struct Row {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) slug: String,
    pub(super) description: String,
    pub(super) price_cents: i64,
    pub(super) currency: String,
    pub(super) category_id: Option<Uuid>,
    pub(super) image_urls: Vec<String>,
    pub(super) weight_grams: i32,
    pub(super) is_active: bool,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) available: i32,
    pub(super) revision: i64,
}

/// `query_as!` of [`Row`] with the columns and tables of a product. A macro, because checked SQL
/// must be a literal and nine statements have these columns.
macro_rules! select_products {
    ($rest:literal $(+ $more:literal)* $(, $argument:expr)* $(,)?) => {
        sqlx::query_as!(
            $crate::store::products::Row,
            "SELECT p.id, p.name, p.slug, p.description, p.price_cents, p.currency, p.category_id,
                    p.image_urls, p.weight_grams, p.is_active, p.created_at, p.updated_at,
                    s.on_hand - s.reserved AS \"available!\",
                    p.revision + s.revision AS \"revision!\"
             FROM products p JOIN stock s ON s.product_id = p.id "
            + $rest $(+ $more)*
            $(, $argument)*
        )
    };
}
pub(super) use select_products;

impl TryFrom<Row> for Product {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let currency =
            row.currency.parse().map_err(|_| Error::UnknownStoredValue("products.currency"))?;
        let details = Details {
            id: row.id.into(),
            name: row.name,
            slug: Slug::from_stored(row.slug),
            description: row.description,
            price: Money::new(row.price_cents, currency),
            category: row.category_id.map(CategoryId::from),
            image_urls: row.image_urls,
            weight_grams: row.weight_grams,
            is_active: row.is_active,
            created_at: row.created_at,
            updated_at: row.updated_at,
        };
        Ok(Self { details, available: row.available, revision: row.revision })
    }
}

/// The product with this id.
pub(crate) async fn find(conn: &mut PgConnection, id: ProductId) -> Result<Option<Product>, Error> {
    let row = select_products!("WHERE p.id = $1", id.0).fetch_optional(conn).await?;
    row.map(Product::try_from).transpose()
}

/// The product with this slug.
pub(crate) async fn find_by_slug(
    conn: &mut PgConnection,
    slug: &str,
) -> Result<Option<Product>, Error> {
    let row = select_products!("WHERE p.slug = $1", slug).fetch_optional(conn).await?;
    row.map(Product::try_from).transpose()
}

/// The existing products with these ids, unordered.
pub(crate) async fn find_all(
    conn: &mut PgConnection,
    ids: &[ProductId],
) -> Result<Vec<Product>, Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = select_products!("WHERE p.id = ANY((SELECT $1::uuid[])::uuid[])", &ids)
        .fetch_all(conn)
        .await?;
    rows.into_iter().map(Product::try_from).collect()
}

/// The product with this id, locked with its stock against edits and stock movements. Orders lock
/// only the stock; every transaction that locks both begins with the product.
pub(crate) async fn lock(conn: &mut PgConnection, id: ProductId) -> Result<Option<Product>, Error> {
    let row = select_products!("WHERE p.id = $1 FOR NO KEY UPDATE OF p, s", id.0)
        .fetch_optional(conn)
        .await?;
    row.map(Product::try_from).transpose()
}

/// Inserts a product. Its stock is a separate row.
pub(crate) async fn insert(conn: &mut PgConnection, product: &Details) -> Result<(), Error> {
    query!(
        "INSERT INTO products (id, name, slug, description, price_cents, currency, category_id,
                               image_urls, weight_grams, is_active, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        product.id.0,
        product.name,
        product.slug.as_str(),
        product.description,
        product.price.cents(),
        product.price.currency().code(),
        product.category.map(|category| category.0),
        &product.image_urls,
        product.weight_grams,
        product.is_active,
        product.created_at.to_sqlx(),
        product.updated_at.to_sqlx(),
    )
    .execute(conn)
    .await
    .map_err(Error::from_product_write)?;
    Ok(())
}

/// Updates a product.
pub(crate) async fn update(conn: &mut PgConnection, product: &Details) -> Result<(), Error> {
    query!(
        "UPDATE products
         SET name = $2, slug = $3, description = $4, price_cents = $5, currency = $6,
             category_id = $7, image_urls = $8, weight_grams = $9, is_active = $10, updated_at = $11
         WHERE id = $1",
        product.id.0,
        product.name,
        product.slug.as_str(),
        product.description,
        product.price.cents(),
        product.price.currency().code(),
        product.category.map(|category| category.0),
        &product.image_urls,
        product.weight_grams,
        product.is_active,
        product.updated_at.to_sqlx(),
    )
    .execute(conn)
    .await
    .map_err(Error::from_product_write)?;
    Ok(())
}

/// The given ids and slugs that already exist.
pub(crate) async fn find_existing(
    conn: &mut PgConnection,
    ids: &[Uuid],
    slugs: &[String],
) -> Result<Vec<(Uuid, String)>, Error> {
    let rows =
        query!("SELECT id, slug FROM products WHERE id = ANY($1) OR slug = ANY($2)", ids, slugs)
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.slug)).collect())
}
