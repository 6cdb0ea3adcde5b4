//! Transactions on address books. They lock the account, so that the default is chosen from all
//! entries.

use sqlx::{PgConnection, PgPool};
use wire::Address;

use crate::domain::address_book::Entry;
use crate::domain::ids::{AddressId, UserId};
use crate::error::Error;
use crate::store;

/// Adds an entry. `entry.is_default` requests that it becomes the default.
pub(crate) async fn add(pool: &PgPool, entry: Entry) -> Result<Entry, Error> {
    let mut tx = pool.begin().await?;
    store::users::lock(&mut tx, entry.user).await?.ok_or(Error::NotFound("user"))?;
    let book = store::addresses::address_book(&mut tx, entry.user).await?;
    let default = book.default_after_insert(entry.id, entry.is_default)?;
    store::addresses::insert(&mut tx, &entry).await?;
    store::addresses::set_default(&mut tx, entry.user, default).await?;
    tx.commit().await?;
    Ok(Entry { is_default: default == entry.id, ..entry })
}

/// New values of an entry.
pub(crate) struct Update {
    pub(crate) id: AddressId,
    pub(crate) user: UserId,
    pub(crate) label: String,
    pub(crate) address: Address,
    pub(crate) is_default: bool,
}

/// Replaces an entry of an account.
pub(crate) async fn update(pool: &PgPool, update: &Update) -> Result<Entry, Error> {
    let Update { id, user, label, address, is_default } = update;
    let mut tx = pool.begin().await?;
    store::users::lock(&mut tx, *user).await?;
    let book = store::addresses::address_book(&mut tx, *user).await?;
    if !book.contains(*id) {
        return Err(Error::NotFound("address"));
    }
    store::addresses::update(&mut tx, *id, label, address).await?;
    let default = book.default_after_update(*id, *is_default);
    store::addresses::set_default(&mut tx, *user, default).await?;
    let entry = find_existing(&mut tx, *id).await?;
    tx.commit().await?;
    Ok(entry)
}

/// Deletes an entry of an account. If it was the default, the oldest remaining entry becomes it.
pub(crate) async fn delete(pool: &PgPool, user: UserId, id: AddressId) -> Result<(), Error> {
    let mut tx = pool.begin().await?;
    store::users::lock(&mut tx, user).await?;
    let book = store::addresses::address_book(&mut tx, user).await?;
    if !book.contains(id) {
        return Err(Error::NotFound("address"));
    }
    store::addresses::delete(&mut tx, id).await?;
    if let Some(default) = book.default_after_delete(id) {
        store::addresses::set_default(&mut tx, user, default).await?;
    }
    Ok(tx.commit().await?)
}

async fn find_existing(conn: &mut PgConnection, id: AddressId) -> Result<Entry, Error> {
    store::addresses::find(conn, id).await?.ok_or(Error::NotFound("address"))
}
