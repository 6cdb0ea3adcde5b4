//! Lists of orders, newest first.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use sqlx::{PgConnection, query_scalar};
use wire::Page;

use crate::domain::ids::{OrderId, UserId};
use crate::domain::status::Status;
use crate::error::Error;

/// Filter of a list of orders; absent fields match every order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Filter {
    /// Orders of this customer.
    pub(crate) user: Option<UserId>,
    /// Orders with this status.
    pub(crate) status: Option<Status>,
    /// Orders created at this time or later.
    pub(crate) from: Option<Timestamp>,
    /// Orders created before this time.
    pub(crate) to: Option<Timestamp>,
}

/// Returns the ids of a page, and the number of orders on all pages.
pub(crate) async fn list(
    conn: &mut PgConnection,
    filter: &Filter,
    page: Page,
) -> Result<(Vec<OrderId>, i64), Error> {
    let user = filter.user.map(|user| user.0);
    let status = filter.status.map(Status::as_str);
    let (from, to) = (filter.from.map(|t| t.to_sqlx()), filter.to.map(|t| t.to_sqlx()));
    let total = query_scalar!(
        "SELECT count(*) FROM orders
         WHERE ($1::uuid IS NULL OR user_id = $1) AND ($2::text IS NULL OR status = $2)
             AND ($3::timestamptz IS NULL OR created_at >= $3)
             AND ($4::timestamptz IS NULL OR created_at < $4)",
        user,
        status,
        from as _,
        to as _,
    )
    .fetch_one(&mut *conn)
    .await?;
    let ids = query_scalar!(
        "SELECT id FROM orders
         WHERE ($1::uuid IS NULL OR user_id = $1) AND ($2::text IS NULL OR status = $2)
             AND ($3::timestamptz IS NULL OR created_at >= $3)
             AND ($4::timestamptz IS NULL OR created_at < $4)
         ORDER BY created_at DESC, id DESC LIMIT $5 OFFSET $6",
        user,
        status,
        from as _,
        to as _,
        i64::from(page.size()),
        page.offset(),
    )
    .fetch_all(conn)
    .await?;
    Ok((ids.into_iter().map(OrderId::from).collect(), total.unwrap_or(0)))
}
