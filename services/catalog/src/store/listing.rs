//! Lists of products: by filter, by search, by low stock. Each is a page and a count.
//!
//! Every sort order of a list has its own index (`0001`, `0007`), so that a page reads its rows and
//! those before it without sorting; therefore there is a statement per order instead of one with
//! `CASE`.
//! A search sorts its results. The count reads stock only if the filter needs it.

use sqlx::{PgConnection, query, query_scalar};
use uuid::Uuid;

use super::products::{Row, select_products};
use wire::Page;

use crate::domain::ids::CategoryId;
use crate::domain::listing::{Filter, SearchSort, SearchText, Sort};
use crate::domain::product::Product;
use crate::error::Error;

/// Minimum trigram similarity (0 to 1) of a search and the words of a name. One wrong letter in a
/// word of six letters ("labtop") gives 0.4, below PostgreSQL's default of 0.6; below 0.4,
/// unrelated words match.
const SIMILARITY: &str = "0.39";

/// A page of products and the total number.
pub(crate) type Found = (Vec<Product>, i64);

/// A filter as parameters of a statement.
struct Parameters {
    categories: Option<Vec<Uuid>>,
    any_activity: bool,
    any_stock: bool,
    min_price_cents: i64,
    max_price_cents: i64,
}

impl Parameters {
    async fn from_filter(conn: &mut PgConnection, filter: &Filter) -> Result<Self, Error> {
        let categories = match filter.category {
            Some(category) => Some(subtree(conn, category).await?),
            None => None,
        };
        Ok(Self {
            categories,
            any_activity: !filter.active_only,
            any_stock: !filter.in_stock,
            min_price_cents: filter.min_price_cents.unwrap_or(0),
            max_price_cents: filter.max_price_cents.unwrap_or(i64::MAX),
        })
    }
}

/// A category and its descendants. Bounded by the number of categories.
async fn subtree(conn: &mut PgConnection, category: CategoryId) -> Result<Vec<Uuid>, Error> {
    let ids = query_scalar!(
        r#"WITH RECURSIVE down AS (
               SELECT $1::uuid AS id
               UNION
               SELECT c.id FROM categories c JOIN down ON c.parent_id = down.id
           )
           SELECT id AS "id!" FROM down"#,
        category.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(ids)
}

/// A page of a filtered list, sorted by `$order`.
macro_rules! list_page {
    ($filter:ident, $page:ident, $order:literal) => {
        select_products!(
            "WHERE ($1::uuid[] IS NULL OR p.category_id = ANY($1))
               AND ($2 OR p.is_active)
               AND ($3 OR s.on_hand > s.reserved)
               AND p.price_cents BETWEEN $4 AND $5
             ORDER BY "
                + $order
                + " LIMIT $6 OFFSET $7",
            $filter.categories.as_deref() as _,
            $filter.any_activity,
            $filter.any_stock,
            $filter.min_price_cents,
            $filter.max_price_cents,
            i64::from($page.size()),
            $page.offset(),
        )
    };
}

/// A page of the filtered products.
pub(crate) async fn list(
    conn: &mut PgConnection,
    filter: &Filter,
    sort: Sort,
    page: Page,
) -> Result<Found, Error> {
    let filter = Parameters::from_filter(conn, filter).await?;
    let total = query_scalar!(
        r#"SELECT count(*) AS "count!" FROM products p
           WHERE ($1::uuid[] IS NULL OR p.category_id = ANY($1))
             AND ($2 OR p.is_active)
             AND ($3 OR EXISTS (SELECT FROM stock s
                                WHERE s.product_id = p.id AND s.on_hand > s.reserved))
             AND p.price_cents BETWEEN $4 AND $5"#,
        filter.categories.as_deref() as _,
        filter.any_activity,
        filter.any_stock,
        filter.min_price_cents,
        filter.max_price_cents,
    )
    .fetch_one(&mut *conn)
    .await?;
    let rows = match sort {
        Sort::Newest => {
            list_page!(filter, page, "p.created_at DESC, p.id DESC").fetch_all(conn).await
        }
        Sort::PriceAsc => list_page!(filter, page, "p.price_cents, p.id").fetch_all(conn).await,
        Sort::PriceDesc => {
            list_page!(filter, page, "p.price_cents DESC, p.id DESC").fetch_all(conn).await
        }
        Sort::Name => {
            list_page!(filter, page, "p.name COLLATE \"und-x-icu\", p.id").fetch_all(conn).await
        }
    }?;
    Ok((products(rows)?, total))
}

/// A page of search results: matches of the words of name, category and description, of a similar
/// spelling in name and category, or of the exact characters there. Needs a transaction.
///
/// Relevance is a sum: 2 for the exact name, 1 for the exact characters, up to 1 each for spelling
/// and words.
pub(crate) async fn search(
    conn: &mut PgConnection,
    text: &SearchText,
    filter: &Filter,
    sort: SearchSort,
    page: Page,
) -> Result<Found, Error> {
    query!("SELECT set_config('pg_trgm.word_similarity_threshold', $1, true)", SIMILARITY)
        .fetch_one(&mut *conn)
        .await?;
    let filter = Parameters::from_filter(conn, filter).await?;
    let total = search_count(conn, text, &filter).await?;
    let rows = select_products!(
        "WHERE (p.search_words @@ plainto_tsquery('english', $1)
                OR p.search_text %> lower($1)
                OR p.search_text LIKE lower($2))
           AND ($3::uuid[] IS NULL OR p.category_id = ANY($3))
           AND ($4 OR p.is_active)
           AND ($5 OR s.on_hand > s.reserved)
           AND p.price_cents BETWEEN $6 AND $7
         ORDER BY
             CASE WHEN $8 = 'relevance' THEN
                 CASE WHEN lower(p.name) = lower($1) THEN 2 ELSE 0 END
                 + CASE WHEN lower(p.name) LIKE lower($2) THEN 1 ELSE 0 END
                 + word_similarity(lower($1), lower(p.name))
                 + ts_rank(p.search_words, plainto_tsquery('english', $1))
             END DESC,
             CASE WHEN $8 = 'price_asc' THEN p.price_cents END,
             CASE WHEN $8 = 'price_desc' THEN p.price_cents END DESC,
             CASE WHEN $8 = 'name' THEN p.name COLLATE \"und-x-icu\" END,
             CASE WHEN $8 = 'newest' THEN p.created_at END DESC,
             p.id DESC
         LIMIT $9 OFFSET $10",
        text.as_str(),
        text.like_pattern(),
        filter.categories.as_deref() as _,
        filter.any_activity,
        filter.any_stock,
        filter.min_price_cents,
        filter.max_price_cents,
        sort_name(sort),
        i64::from(page.size()),
        page.offset(),
    )
    .fetch_all(conn)
    .await?;
    Ok((products(rows)?, total))
}

async fn search_count(
    conn: &mut PgConnection,
    text: &SearchText,
    filter: &Parameters,
) -> Result<i64, Error> {
    let total = query_scalar!(
        r#"SELECT count(*) AS "count!" FROM products p
           WHERE (p.search_words @@ plainto_tsquery('english', $1)
                  OR p.search_text %> lower($1)
                  OR p.search_text LIKE lower($2))
             AND ($3::uuid[] IS NULL OR p.category_id = ANY($3))
             AND ($4 OR p.is_active)
             AND ($5 OR EXISTS (SELECT FROM stock s
                                WHERE s.product_id = p.id AND s.on_hand > s.reserved))
             AND p.price_cents BETWEEN $6 AND $7"#,
        text.as_str(),
        text.like_pattern(),
        filter.categories.as_deref() as _,
        filter.any_activity,
        filter.any_stock,
        filter.min_price_cents,
        filter.max_price_cents,
    )
    .fetch_one(conn)
    .await?;
    Ok(total)
}

fn sort_name(sort: SearchSort) -> &'static str {
    match sort {
        SearchSort::Relevance => "relevance",
        SearchSort::By(Sort::Newest) => "newest",
        SearchSort::By(Sort::PriceAsc) => "price_asc",
        SearchSort::By(Sort::PriceDesc) => "price_desc",
        SearchSort::By(Sort::Name) => "name",
    }
}

/// A page of the active products with at most `threshold` available units, fewest first.
pub(crate) async fn low_stock(
    conn: &mut PgConnection,
    threshold: i32,
    page: Page,
) -> Result<Found, Error> {
    let total = query_scalar!(
        r#"SELECT count(*) AS "count!" FROM products p JOIN stock s ON s.product_id = p.id
           WHERE s.on_hand - s.reserved <= $1 AND p.is_active"#,
        threshold,
    )
    .fetch_one(&mut *conn)
    .await?;
    let rows = select_products!(
        "WHERE s.on_hand - s.reserved <= $1 AND p.is_active
         ORDER BY s.on_hand - s.reserved, s.product_id LIMIT $2 OFFSET $3",
        threshold,
        i64::from(page.size()),
        page.offset(),
    )
    .fetch_all(conn)
    .await?;
    Ok((products(rows)?, total))
}

fn products(rows: Vec<Row>) -> Result<Vec<Product>, Error> {
    rows.into_iter().map(Product::try_from).collect()
}
