//! Products and their stock, as admins change them.

use kit::Env;
use sqlx::{PgConnection, PgPool};

use crate::{
    domain::{
        ids::ProductId,
        product::{Details, Product, ProductPatch},
        stock::{ByHand, MovementKind, Movements, Stock, StockRefusal, adjust, set_available},
    },
    error::Error,
    store,
};

/// Makes a product with `units` on hand.
pub(crate) async fn create(pool: &PgPool, product: Details, units: i32) -> Result<Product, Error> {
    let mut tx = pool.begin().await?;
    if product.category.is_some() {
        store::categories::hold(&mut tx).await?;
    }
    write(&mut tx, &product, units).await?;
    tx.commit().await?;
    Ok(Product { details: product, available: units })
}

/// Writes a new product and the first row of its ledger. The categories are held.
pub(crate) async fn write(
    conn: &mut PgConnection,
    product: &Details,
    units: i32,
) -> Result<(), Error> {
    store::products::insert(conn, product).await?;
    store::stock::open(conn, product.id).await?;
    if units > 0 {
        let by = ByHand { reason: "product created".into(), actor: String::new() };
        let movements = Movements::by_hand(MovementKind::Initial, product.id, units, by);
        store::stock::apply(conn, &movements, product.created_at).await?;
    }
    Ok(())
}

/// Changes a product. Setting how many can be bought moves its stock.
pub(crate) async fn update(
    pool: &PgPool,
    env: &Env,
    id: ProductId,
    patch: ProductPatch,
) -> Result<Product, Error> {
    let mut tx = pool.begin().await?;
    if patch.category.is_some() {
        store::categories::hold(&mut tx).await?;
    }
    let product = store::products::lock(&mut tx, id).await?.ok_or(Error::NotFound("product"))?;
    let available = patch.available;
    let details = patch.apply(&product.details, env.now());
    if details != product.details {
        store::products::update(&mut tx, &details).await?;
    }
    let mut product = Product { details, ..product };
    if let Some(available) = available {
        let by = ByHand { reason: "set with the product".into(), actor: String::new() };
        let plan = |stock: &Stock| set_available(stock, available);
        product.available = by_hand(&mut tx, env, id, MovementKind::Set, by, plan).await?;
    }
    tx.commit().await?;
    Ok(product)
}

/// Adds units to what is on hand, or takes them away.
pub(crate) async fn adjust_stock(
    pool: &PgPool,
    env: &Env,
    id: ProductId,
    delta: i32,
    by: ByHand,
) -> Result<Product, Error> {
    let mut tx = pool.begin().await?;
    by_hand(&mut tx, env, id, MovementKind::Adjust, by, |stock| adjust(stock, delta)).await?;
    let product = store::products::find(&mut tx, id).await?.ok_or(Error::NotFound("product"))?;
    tx.commit().await?;
    Ok(product)
}

/// Moves what is on hand as `plan` says of the locked stock, and gives what can be bought then.
async fn by_hand(
    conn: &mut PgConnection,
    env: &Env,
    id: ProductId,
    kind: MovementKind,
    by: ByHand,
    plan: impl Fn(&Stock) -> Result<i32, StockRefusal>,
) -> Result<i32, Error> {
    let stock = store::stock::lock(conn, std::iter::once(id)).await?;
    let stock = stock.first().ok_or(Error::NotFound("product"))?;
    let delta = plan(stock)?;
    if delta != 0 {
        store::stock::apply(conn, &Movements::by_hand(kind, id, delta, by), env.now()).await?;
    }
    Ok(stock.available() + delta)
}
