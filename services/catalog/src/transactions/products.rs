//! Changes of products and manual changes of stock.

use kit::Env;
use sqlx::{PgConnection, PgPool};

use crate::domain::ids::ProductId;
use crate::domain::product::{Details, Product, ProductPatch};
use crate::domain::stock::{
    ManualChange, MovementKind, Movements, Stock, StockRefusal, adjust, set_available,
};
use crate::error::Error;
use crate::store;

/// Creates a product with `units` on hand.
pub(crate) async fn create(pool: &PgPool, product: Details, units: i32) -> Result<Product, Error> {
    let mut tx = pool.begin().await?;
    if product.category.is_some() {
        store::categories::lock_shared(&mut tx).await?;
    }
    write(&mut tx, &product, units).await?;
    tx.commit().await?;
    Ok(Product { details: product, available: units })
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

/// Updates a product. A new number of available units is a stock movement.
pub(crate) async fn update(
    pool: &PgPool,
    env: &Env,
    id: ProductId,
    patch: ProductPatch,
) -> Result<Product, Error> {
    let mut tx = pool.begin().await?;
    if patch.category.is_some() {
        store::categories::lock_shared(&mut tx).await?;
    }
    let product = store::products::lock(&mut tx, id).await?.ok_or(Error::NotFound("product"))?;
    let available = patch.available;
    let details = patch.apply(&product.details, env.now());
    if details != product.details {
        store::products::update(&mut tx, &details).await?;
    }
    let mut product = Product { details, ..product };
    if let Some(available) = available {
        let by = ManualChange { reason: "set with the product".into(), actor: String::new() };
        let plan = |stock: &Stock| set_available(stock, available);
        product.available = change_manually(&mut tx, env, id, MovementKind::Set, by, plan).await?;
    }
    tx.commit().await?;
    Ok(product)
}

/// Adds or removes units on hand.
pub(crate) async fn adjust_stock(
    pool: &PgPool,
    env: &Env,
    id: ProductId,
    delta: i32,
    by: ManualChange,
) -> Result<Product, Error> {
    let mut tx = pool.begin().await?;
    change_manually(&mut tx, env, id, MovementKind::Adjust, by, |stock| adjust(stock, delta))
        .await?;
    let product = store::products::find(&mut tx, id).await?.ok_or(Error::NotFound("product"))?;
    tx.commit().await?;
    Ok(product)
}

/// Changes the units on hand by the result of `plan` for the locked stock, and returns the
/// available units.
async fn change_manually(
    conn: &mut PgConnection,
    env: &Env,
    id: ProductId,
    kind: MovementKind,
    by: ManualChange,
    plan: impl Fn(&Stock) -> Result<i32, StockRefusal>,
) -> Result<i32, Error> {
    let stock = store::stock::lock(conn, std::iter::once(id)).await?;
    let stock = stock.first().ok_or(Error::NotFound("product"))?;
    let delta = plan(stock)?;
    if delta != 0 {
        store::stock::apply(conn, &Movements::manual(kind, id, delta, by), env.now()).await?;
    }
    Ok(stock.available() + delta)
}
