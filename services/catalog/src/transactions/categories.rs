//! Changes of categories. A transaction that changes the tree locks it, because two concurrent
//! moves that are valid separately could create a cycle.

use std::collections::BTreeMap;

use audit::Change;
use kit::Env;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::domain::category::{Category, CategoryPatch, MAX_CATEGORIES, Tree};
use crate::domain::ids::CategoryId;
use crate::error::Error;
use crate::store;

/// All categories by name, with the number of active products in each and its descendants.
pub(crate) async fn list(pool: &PgPool) -> Result<Vec<(Category, i64)>, Error> {
    let mut conn = pool.acquire().await?;
    let categories = store::categories::all(&mut conn).await?;
    let direct = store::categories::product_counts(&mut conn).await?;
    Ok(with_counts(categories, &direct))
}

/// Creates a category.
pub(crate) async fn create(pool: &PgPool, env: &Env, category: &Category) -> Result<(), Error> {
    let mut tx = pool.begin().await?;
    let tree = store::categories::lock_tree(&mut tx).await?;
    if tree.len() >= MAX_CATEGORIES {
        return Err(Error::TooManyCategories);
    }
    tree.check(category.id, category.parent)?;
    store::categories::insert(&mut tx, category).await?;
    let change = Change::created("category.create", category.id.0, &audited(category));
    let recorded = change.write(&mut tx, env).await?;
    tx.commit().await?;
    recorded.log();
    Ok(())
}

/// Updates a category and returns it with the number of active products in it and its descendants.
pub(crate) async fn update(
    pool: &PgPool,
    env: &Env,
    id: CategoryId,
    patch: CategoryPatch,
) -> Result<(Category, i64), Error> {
    let mut tx = pool.begin().await?;
    let tree = store::categories::lock_tree(&mut tx).await?;
    let before = store::categories::find(&mut tx, id).await?.ok_or(Error::NotFound("category"))?;
    let after = patch.apply(before.clone());
    tree.check(id, after.parent)?;
    if after != before {
        store::categories::update(&mut tx, &after).await?;
    }
    let direct = store::categories::product_counts(&mut tx).await?;
    let (old, new) = (audited(&before), audited(&after));
    let change = Change::updated("category.update", id.0, &old, &new);
    let recorded = change.write(&mut tx, env).await?;
    tx.commit().await?;
    recorded.log();
    let count = tree.totals(&direct).get(&id).copied().unwrap_or(0);
    Ok((after, count))
}

/// Deletes a category that is not referenced.
pub(crate) async fn delete(pool: &PgPool, env: &Env, id: CategoryId) -> Result<(), Error> {
    let mut tx = pool.begin().await?;
    let category = store::categories::find(&mut tx, id).await?;
    let category = category.ok_or(Error::NotFound("category"))?;
    if !store::categories::delete(&mut tx, id).await? {
        return Err(Error::NotFound("category"));
    }
    let change = Change::deleted("category.delete", id.0, &audited(&category));
    let recorded = change.write(&mut tx, env).await?;
    tx.commit().await?;
    recorded.log();
    Ok(())
}

/// The fields of a category in the audit log.
fn audited(category: &Category) -> Value {
    json!({
        "name": category.name,
        "slug": category.slug.as_str(),
        "description": category.description,
        "parent_id": category.parent.map(|parent| parent.0),
    })
}

fn with_counts(
    categories: Vec<Category>,
    direct: &BTreeMap<CategoryId, i64>,
) -> Vec<(Category, i64)> {
    let tree = Tree::new(categories.iter().map(|category| (category.id, category.parent)));
    let totals = tree.totals(direct);
    let counted = |category: Category| {
        let count = totals.get(&category.id).copied().unwrap_or(0);
        (category, count)
    };
    categories.into_iter().map(counted).collect()
}
