//! Saved methods.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query, query_as, query_scalar};
use uuid::Uuid;

use crate::{
    domain::{
        card::{Brand, Expiry},
        ids::{MethodId, Token, UserId},
        method::Method,
    },
    error::Error,
};

struct Row {
    id: Uuid,
    user_id: Uuid,
    token: String,
    brand: String,
    last_four: String,
    exp_month: i32,
    exp_year: i32,
    is_default: bool,
    created_at: jiff_sqlx::Timestamp,
}

impl TryFrom<Row> for Method {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let Row { id, user_id, token, brand, last_four, exp_month, exp_year, .. } = row;
        Ok(Self {
            id: id.into(),
            user: user_id.into(),
            token: Token::new(token),
            brand: Brand::from_stored(&brand).ok_or(Error::Stored("payment_methods.brand"))?,
            last_four,
            expiry: Expiry { month: exp_month, year: exp_year },
            is_default: row.is_default,
            created_at: row.created_at.to_jiff(),
        })
    }
}

/// Has the methods of a customer to itself until the transaction ends.
pub(crate) async fn lock_customer(conn: &mut PgConnection, user: UserId) -> Result<(), Error> {
    query!("INSERT INTO customers (user_id) VALUES ($1) ON CONFLICT DO NOTHING", user.0)
        .execute(&mut *conn)
        .await?;
    query!("SELECT user_id FROM customers WHERE user_id = $1 FOR UPDATE", user.0)
        .fetch_one(conn)
        .await?;
    Ok(())
}

/// How many methods a customer has.
pub(crate) async fn count(conn: &mut PgConnection, user: UserId) -> Result<i64, Error> {
    let count = query_scalar!(
        r#"SELECT count(*) AS "count!" FROM payment_methods
           WHERE user_id = $1 AND removed_at IS NULL"#,
        user.0,
    );
    Ok(count.fetch_one(conn).await?)
}

pub(crate) async fn insert(
    conn: &mut PgConnection,
    method: &Method,
    provider: &str,
) -> Result<(), Error> {
    query!(
        "INSERT INTO payment_methods (id, user_id, provider, token, brand, last_four, exp_month,
             exp_year, is_default, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        method.id.0,
        method.user.0,
        provider,
        method.token.expose(),
        method.brand.as_str(),
        method.last_four,
        method.expiry.month,
        method.expiry.year,
        method.is_default,
        method.created_at.to_sqlx(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The methods of a customer, the default one first, then the newest.
pub(crate) async fn list(
    conn: &mut PgConnection,
    user: UserId,
    provider: &str,
) -> Result<Vec<Method>, Error> {
    let rows = query_as!(
        Row,
        "SELECT id, user_id, token, brand, last_four, exp_month, exp_year, is_default, created_at
         FROM payment_methods WHERE user_id = $1 AND removed_at IS NULL AND provider = $2
         ORDER BY is_default DESC, created_at DESC, id DESC",
        user.0,
        provider,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Method::try_from).collect()
}

/// A method of a customer, if it is theirs, of this provider and not removed.
pub(crate) async fn find(
    conn: &mut PgConnection,
    user: UserId,
    id: MethodId,
    provider: &str,
) -> Result<Option<Method>, Error> {
    let row = query_as!(
        Row,
        "SELECT id, user_id, token, brand, last_four, exp_month, exp_year, is_default, created_at
         FROM payment_methods
         WHERE id = $1 AND user_id = $2 AND removed_at IS NULL AND provider = $3",
        id.0,
        user.0,
        provider,
    )
    .fetch_optional(conn)
    .await?;
    row.map(Method::try_from).transpose()
}

/// What the provider calls a method, found likewise. It is not removed before the transaction ends.
pub(crate) async fn keep(
    conn: &mut PgConnection,
    user: UserId,
    id: MethodId,
    provider: &str,
) -> Result<Option<Token>, Error> {
    let token = query_scalar!(
        "SELECT token FROM payment_methods
         WHERE id = $1 AND user_id = $2 AND removed_at IS NULL AND provider = $3 FOR SHARE",
        id.0,
        user.0,
        provider,
    );
    Ok(token.fetch_optional(conn).await?.map(Token::new))
}

/// Makes a method of the locked customer the default, in place of the one that was.
pub(crate) async fn set_default(
    conn: &mut PgConnection,
    user: UserId,
    id: MethodId,
) -> Result<(), Error> {
    clear_default(conn, user).await?;
    query!("UPDATE payment_methods SET is_default = true WHERE id = $1", id.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Leaves the locked customer without a default.
pub(crate) async fn clear_default(conn: &mut PgConnection, user: UserId) -> Result<(), Error> {
    query!(
        "UPDATE payment_methods SET is_default = false WHERE user_id = $1 AND is_default",
        user.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes a method of the locked customer; `false` when they never had it. A removed one stays so.
pub(crate) async fn remove(
    conn: &mut PgConnection,
    user: UserId,
    id: MethodId,
    now: Timestamp,
) -> Result<bool, Error> {
    let removed = query!(
        "UPDATE payment_methods SET removed_at = coalesce(removed_at, $3), is_default = false
         WHERE id = $1 AND user_id = $2",
        id.0,
        user.0,
        now.to_sqlx(),
    );
    Ok(removed.execute(conn).await?.rows_affected() == 1)
}
