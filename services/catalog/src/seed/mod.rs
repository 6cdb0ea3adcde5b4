//! Demo data: fills an empty shop and never changes existing rows.
//!
//! Every row has a fixed id. A second run finds the id or the slug and changes nothing, neither
//! stock nor an administrator's edits.

mod data;

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use kit::Runtime;
use money::{Currency, PriceLevel};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::category::Category;
use crate::domain::ids::CategoryId;
use crate::domain::product::Details;
use crate::domain::slug::Slug;
use crate::{Args, Error, store, transactions};
use data::{CATEGORIES, DemoProduct, PRODUCTS};

/// The number of inserted rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeded {
    /// Inserted categories.
    pub categories: usize,
    /// Inserted products.
    pub products: usize,
}

/// Inserts the missing demo data in one transaction. Concurrent runs wait for each other.
///
/// # Errors
/// Fails when the database does not answer or refuses a row.
pub async fn seed(args: &Args, runtime: &Runtime) -> Result<Seeded, Error> {
    let pool = kit::postgres::connect(&args.database, runtime)?;
    let now = runtime.env.now();
    let mut tx = pool.begin().await?;
    let seeded = write(&mut tx, args.currency, now).await?;
    tx.commit().await?;
    pool.close().await;
    Ok(seeded)
}

async fn write(
    conn: &mut PgConnection,
    currency: Currency,
    now: Timestamp,
) -> Result<Seeded, Error> {
    // Excludes other changes of categories and other runs.
    store::categories::lock_tree(conn).await?;
    let (categories, new_categories) = write_categories(conn, now).await?;
    let products = write_products(conn, &categories, currency, now).await?;
    Ok(Seeded { categories: new_categories, products })
}

async fn write_categories(
    conn: &mut PgConnection,
    now: Timestamp,
) -> Result<(HashMap<&'static str, CategoryId>, usize), Error> {
    let existing = store::categories::all(conn).await?;
    let mut ids = HashMap::new();
    let mut written = 0;
    for (n, (name, description)) in (1..).zip(CATEGORIES) {
        let id = demo_id(n);
        let slug = Slug::from_name(name, id);
        let existing_category = existing.iter().find(|c| c.id.0 == id || c.slug == slug);
        if existing_category.is_none() {
            let (name, description) = (name.to_owned(), description.to_owned());
            let id = CategoryId(id);
            let category = Category { id, name, slug, description, parent: None, created_at: now };
            store::categories::insert(conn, &category).await?;
            written += 1;
        }
        ids.insert(name, existing_category.map_or(CategoryId(id), |category| category.id));
    }
    Ok((ids, written))
}

async fn write_products(
    conn: &mut PgConnection,
    categories: &HashMap<&'static str, CategoryId>,
    currency: Currency,
    now: Timestamp,
) -> Result<usize, Error> {
    let products: Vec<_> = (0..)
        .zip(PRODUCTS)
        .map(|(n, product)| (details(n, product, categories, currency, now), product.stock))
        .collect();
    let ids: Vec<_> = products.iter().map(|(product, _)| product.id.0).collect();
    let slugs: Vec<_> = products.iter().map(|(product, _)| product.slug.to_string()).collect();
    let existing = store::products::find_existing(conn, &ids, &slugs).await?;
    let (ids, slugs): (HashSet<_>, HashSet<_>) = existing.into_iter().unzip();
    let mut written = 0;
    for (product, units) in products {
        if !ids.contains(&product.id.0) && !slugs.contains(product.slug.as_str()) {
            transactions::products::write(conn, &product, units).await?;
            written += 1;
        }
    }
    Ok(written)
}

/// The initial product. The first product of the table is the newest, so that lists begin with it.
fn details(
    n: u32,
    product: &DemoProduct,
    categories: &HashMap<&'static str, CategoryId>,
    currency: Currency,
    now: Timestamp,
) -> Details {
    let id = demo_id(0x100 + u128::from(n));
    let slug = Slug::from_name(product.name, id);
    let made = now - SignedDuration::from_secs(n.into());
    Details {
        id: id.into(),
        name: product.name.to_owned(),
        description: product.description.to_owned(),
        price: price_level(currency).replace(product.price_cents * 100, currency),
        category: categories.get(product.category).copied(),
        image_urls: vec![format!("/images/products/{slug}.svg")],
        weight_grams: product.weight_grams,
        is_active: true,
        created_at: made,
        updated_at: made,
        slug,
    }
}

/// The prices of the demo products are in US cents.
fn price_level(currency: Currency) -> PriceLevel {
    PriceLevel::of(currency).unwrap_or_default()
}

/// UUIDs of version 7, like all ids, with a time before the first release.
fn demo_id(n: u128) -> Uuid {
    Uuid::from_u128(0x018c_c251_f400_7000_8000_0000_0000_0000 | n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn demo_data_is_consistent() {
        let mut slugs = HashSet::new();
        for product in PRODUCTS {
            assert!(CATEGORIES.iter().any(|(name, _)| *name == product.category), "{product:?}");
            assert!(slugs.insert(Slug::from_name(product.name, Uuid::nil()).to_string()));
            assert!(product.price_cents > 0 && product.stock >= 0 && product.weight_grams > 0);
        }
        assert_eq!(demo_id(1).get_version_num(), 7);
    }
}
