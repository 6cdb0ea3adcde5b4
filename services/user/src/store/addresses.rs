//! Address books.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query, query_as};
use uuid::Uuid;
use wire::Address;

use crate::domain::address_book::{AddressBook, Entry};
use crate::domain::ids::{AddressId, UserId};
use crate::error::Error;

struct Row {
    id: Uuid,
    user_id: Uuid,
    label: String,
    recipient: String,
    street: String,
    city: String,
    state: String,
    zip_code: String,
    country: String,
    is_default: bool,
    created_at: Timestamp,
}

impl From<Row> for Entry {
    fn from(row: Row) -> Self {
        let Row { id, user_id, label, is_default, created_at, .. } = row;
        let Row { recipient, street, city, state, zip_code, country, .. } = row;
        Self {
            id: id.into(),
            user: user_id.into(),
            label,
            address: Address { recipient, street, city, state, zip_code, country },
            is_default,
            created_at,
        }
    }
}

/// Lists the entries of an account, the default first, then by age, oldest first.
pub(crate) async fn list(conn: &mut PgConnection, user: UserId) -> Result<Vec<Entry>, Error> {
    let rows = query_as!(
        Row,
        "SELECT id, user_id, label, recipient, street, city, state, zip_code, country, is_default,
                created_at
         FROM addresses WHERE user_id = $1 ORDER BY is_default DESC, created_at, id",
        user.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Entry::from).collect())
}

/// Reads which entry is the default. The result is stable only while the account is locked.
pub(crate) async fn address_book(
    conn: &mut PgConnection,
    user: UserId,
) -> Result<AddressBook, Error> {
    let rows = query!(
        "SELECT id, is_default FROM addresses WHERE user_id = $1 ORDER BY created_at, id",
        user.0,
    )
    .fetch_all(conn)
    .await?;
    Ok(AddressBook::new(rows.into_iter().map(|row| (row.id.into(), row.is_default)).collect()))
}

/// Inserts an entry, which is not yet the default.
pub(crate) async fn insert(conn: &mut PgConnection, entry: &Entry) -> Result<(), Error> {
    let Address { recipient, street, city, state, zip_code, country } = &entry.address;
    query!(
        "INSERT INTO addresses (id, user_id, label, recipient, street, city, state, zip_code,
                                country, is_default, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, false, $10)",
        entry.id.0,
        entry.user.0,
        entry.label,
        recipient,
        street,
        city,
        state,
        zip_code,
        country,
        entry.created_at.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Replaces the label and the address of an entry. Whether it is the default does not change.
pub(crate) async fn update(
    conn: &mut PgConnection,
    id: AddressId,
    label: &str,
    address: &Address,
) -> Result<(), Error> {
    let Address { recipient, street, city, state, zip_code, country } = address;
    query!(
        "UPDATE addresses SET label = $2, recipient = $3, street = $4, city = $5, state = $6,
                              zip_code = $7, country = $8
         WHERE id = $1",
        id.0,
        label,
        recipient,
        street,
        city,
        state,
        zip_code,
        country,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes an entry the only default. Uses two statements, because the unique index on the default is
/// checked for each row as it changes.
pub(crate) async fn set_default(
    conn: &mut PgConnection,
    user: UserId,
    id: AddressId,
) -> Result<(), Error> {
    query!(
        "UPDATE addresses SET is_default = false WHERE user_id = $1 AND is_default AND id <> $2",
        user.0,
        id.0,
    )
    .execute(&mut *conn)
    .await?;
    query!("UPDATE addresses SET is_default = true WHERE id = $1 AND NOT is_default", id.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Deletes an entry.
pub(crate) async fn delete(conn: &mut PgConnection, id: AddressId) -> Result<(), Error> {
    query!("DELETE FROM addresses WHERE id = $1", id.0).execute(conn).await?;
    Ok(())
}

/// Reads an entry.
pub(crate) async fn find(conn: &mut PgConnection, id: AddressId) -> Result<Option<Entry>, Error> {
    let row = query_as!(
        Row,
        "SELECT id, user_id, label, recipient, street, city, state, zip_code, country, is_default,
                created_at
         FROM addresses WHERE id = $1",
        id.0,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Entry::from))
}
