//! Saved payment methods.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query, query_as, query_scalar};
use uuid::Uuid;

use crate::domain::card::{Brand, Expiry};
use crate::domain::ids::{PaymentMethodId, Token, UserId};
use crate::domain::payment_method::PaymentMethod;
use crate::error::Error;

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

impl TryFrom<Row> for PaymentMethod {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let Row { id, user_id, token, brand, last_four, exp_month, exp_year, .. } = row;
        Ok(Self {
            id: id.into(),
            user: user_id.into(),
            token: Token::new(token),
            brand: Brand::from_stored(&brand)
                .ok_or(Error::UnknownStoredValue("payment_methods.brand"))?,
            last_four,
            expiry: Expiry { month: exp_month, year: exp_year },
            is_default: row.is_default,
            created_at: row.created_at.to_jiff(),
        })
    }
}

/// Locks the payment methods of a customer until the transaction ends.
pub(crate) async fn lock_customer(conn: &mut PgConnection, user: UserId) -> Result<(), Error> {
    query!("INSERT INTO customers (user_id) VALUES ($1) ON CONFLICT DO NOTHING", user.0)
        .execute(&mut *conn)
        .await?;
    query!("SELECT user_id FROM customers WHERE user_id = $1 FOR UPDATE", user.0)
        .fetch_one(conn)
        .await?;
    Ok(())
}

/// Returns the number of payment methods of a customer.
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
    method: &PaymentMethod,
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

/// Returns the payment methods of a customer, the default first, then the newest.
pub(crate) async fn list(
    conn: &mut PgConnection,
    user: UserId,
    provider: &str,
) -> Result<Vec<PaymentMethod>, Error> {
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
    rows.into_iter().map(PaymentMethod::try_from).collect()
}

/// Returns a payment method, if it belongs to the customer and the provider and is not removed.
pub(crate) async fn find(
    conn: &mut PgConnection,
    user: UserId,
    id: PaymentMethodId,
    provider: &str,
) -> Result<Option<PaymentMethod>, Error> {
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
    row.map(PaymentMethod::try_from).transpose()
}

/// Returns the token of a payment method under the same conditions as [`find`], and prevents its
/// removal until the transaction ends.
pub(crate) async fn share_lock_token(
    conn: &mut PgConnection,
    user: UserId,
    id: PaymentMethodId,
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

/// Makes a payment method of the locked customer the only default.
pub(crate) async fn set_default(
    conn: &mut PgConnection,
    user: UserId,
    id: PaymentMethodId,
) -> Result<(), Error> {
    clear_default(conn, user).await?;
    query!("UPDATE payment_methods SET is_default = true WHERE id = $1", id.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Clears the default of the locked customer.
pub(crate) async fn clear_default(conn: &mut PgConnection, user: UserId) -> Result<(), Error> {
    query!(
        "UPDATE payment_methods SET is_default = false WHERE user_id = $1 AND is_default",
        user.0
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes a payment method of the locked customer; returns `false` if the customer never had it. A
/// repeated removal keeps the first time of removal.
pub(crate) async fn remove(
    conn: &mut PgConnection,
    user: UserId,
    id: PaymentMethodId,
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
