//! Changes of products and manual changes of stock.

use audit::Change;
use kit::Env;
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};

use crate::domain::ids::ProductId;
use crate::domain::product::{Details, Product, ProductPatch};
use crate::domain::stock::{ManualChange, MovementKind, Movements, Stock, adjust, set_available};
use crate::error::Error;
use crate::store;

/// Creates a product with `units` on hand.
pub(crate) async fn create(
    pool: &PgPool,
    env: &Env,
    product: Details,
    units: i32,
) -> Result<Product, Error> {
    let mut tx = pool.begin().await?;
    if product.category.is_some() {
        store::categories::lock_shared(&mut tx).await?;
    }
    write(&mut tx, &product, units).await?;
    let product = find(&mut tx, product.id).await?;
    let change = Change::created("product.create", product.details.id.0, &audited(&product));
    let recorded = change.write(&mut tx, env).await?;
    tx.commit().await?;
    recorded.log();
    Ok(product)
}

async fn find(conn: &mut PgConnection, id: ProductId) -> Result<Product, Error> {
    store::products::find(conn, id).await?.ok_or(Error::NotFound("product"))
}

/// Inserts a product and the first movement of its ledger. The caller has locked the categories.
pub(crate) async fn write(
    conn: &mut PgConnection,
    product: &Details,
    units: i32,
) -> Result<(), Error> {
    store::products::insert(conn, product).await?;
    store::stock::insert_empty(conn, product.id).await?;
    if units > 0 {
        let by = ManualChange { reason: "product created".into(), actor: String::new() };
        let movements = Movements::manual(MovementKind::Initial, product.id, units, by);
        store::stock::apply(conn, &movements, product.created_at).await?;
    }
    Ok(())
}

/// Updates a product, if it has one of the `expected` revisions. A new number of available units is
/// a stock movement.
pub(crate) async fn update(
    pool: &PgPool,
    env: &Env,
    id: ProductId,
    expected: Option<&[i64]>,
    patch: ProductPatch,
) -> Result<Product, Error> {
    let mut tx = pool.begin().await?;
    if patch.category.is_some() {
        store::categories::lock_shared(&mut tx).await?;
    }
    let before = store::products::lock(&mut tx, id).await?.ok_or(Error::NotFound("product"))?;
    before.expect_revision(expected)?;
    let available = patch.available;
    let details = patch.apply(&before.details, env.now());
    if details != before.details {
        store::products::update(&mut tx, &details).await?;
    }
    if let Some(available) = available {
        let by = ManualChange { reason: "set with the product".into(), actor: String::new() };
        let plan = |stock: &Stock| {
            set_available(stock, available).map_err(|why| Error::Stock("stock_quantity", why))
        };
        change_manually(&mut tx, env, id, MovementKind::Set, by, plan).await?;
    }
    let product = find(&mut tx, id).await?;
    let (before, after) = (audited(&before), audited(&product));
    let change = Change::updated("product.update", id.0, &before, &after);
    let recorded = change.write(&mut tx, env).await?;
    tx.commit().await?;
    recorded.log();
    Ok(product)
}

/// Deactivates a product, if it has one of the `expected` revisions. Idempotent: a product that is
/// inactive already may have any revision, because a repeat cannot know the one after the deletion.
pub(crate) async fn delete(
    pool: &PgPool,
    env: &Env,
    id: ProductId,
    expected: Option<&[i64]>,
) -> Result<(), Error> {
    let patch = ProductPatch { is_active: Some(false), ..ProductPatch::default() };
    let mut tx = pool.begin().await?;
    let product = store::products::lock(&mut tx, id).await?.ok_or(Error::NotFound("product"))?;
    let details = patch.apply(&product.details, env.now());
    if details == product.details {
        return Ok(());
    }
    product.expect_revision(expected)?;
    store::products::update(&mut tx, &details).await?;
    let change = Change::deleted("product.delete", id.0, &audited(&product));
    let recorded = change.write(&mut tx, env).await?;
    tx.commit().await?;
    recorded.log();
    Ok(())
}

/// The fields of a product in the audit log.
fn audited(product: &Product) -> Value {
    // The revision is not among them: it changes with every change.
    let Product { details, available, .. } = product;
    json!({
        "name": details.name,
        "slug": details.slug.as_str(),
        "description": details.description,
        "price_cents": details.price.cents(),
        "currency": details.price.currency().code(),
        "category_id": details.category.map(|category| category.0),
        "image_urls": details.image_urls,
        "weight_grams": details.weight_grams,
        "is_active": details.is_active,
        "stock_quantity": available,
    })
}

/// Adds units on hand or removes them, if the product has one of the `expected` revisions.
pub(crate) async fn adjust_stock(
    pool: &PgPool,
    env: &Env,
    id: ProductId,
    expected: Option<&[i64]>,
    delta: i32,
    by: ManualChange,
) -> Result<Product, Error> {
    let mut tx = pool.begin().await?;
    if expected.is_some() {
        let product = store::products::lock(&mut tx, id).await?;
        product.ok_or(Error::NotFound("product"))?.expect_revision(expected)?;
    }
    let reason = by.reason.clone();
    change_manually(&mut tx, env, id, MovementKind::Adjust, by, |stock| {
        adjust(stock, delta).map_err(|why| Error::Stock("delta", why))
    })
    .await?;
    let product = find(&mut tx, id).await?;
    let before = json!({"stock_quantity": product.available - delta});
    let after = json!({"stock_quantity": product.available, "reason": reason});
    let change = Change::updated("product.stock", id.0, &before, &after);
    let recorded = change.write(&mut tx, env).await?;
    tx.commit().await?;
    recorded.log();
    Ok(product)
}

/// Changes the units on hand by the result of `plan` for the locked stock.
async fn change_manually(
    conn: &mut PgConnection,
    env: &Env,
    id: ProductId,
    kind: MovementKind,
    by: ManualChange,
    plan: impl Fn(&Stock) -> Result<i32, Error>,
) -> Result<(), Error> {
    let stock = store::stock::lock(conn, std::iter::once(id)).await?;
    let stock = stock.first().ok_or(Error::NotFound("product"))?;
    let delta = plan(stock)?;
    if delta != 0 {
        store::stock::apply(conn, &Movements::manual(kind, id, delta, by), env.now()).await?;
    }
    Ok(())
}
