//! Statistics and the backlog.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx;
use money::Currency;
use sqlx::{PgConnection, query, query_scalar};

use crate::domain::ids::OrderId;
use crate::error::Error;

/// Sums over paid orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SalesTotals {
    /// Number of orders.
    pub(crate) orders: i64,
    /// Sum of the totals of the orders, in cents.
    pub(crate) revenue_cents: i64,
    /// Sum of the refunds of the orders, in cents.
    pub(crate) refunded_cents: i64,
}

impl SalesTotals {
    /// Returns the average total, rounded down to whole cents; 0 without orders.
    pub(crate) fn average_cents(&self) -> i64 {
        self.revenue_cents.checked_div(self.orders).unwrap_or(0)
    }
}

/// Numbers of waiting and stuck sagas and messages.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Backlog {
    /// Checkouts that have not ended.
    pub(crate) checkouts: i64,
    /// Checkouts and refunds that are stuck in one step.
    pub(crate) stuck: i64,
    /// Outbox messages that wait for delivery.
    pub(crate) messages: i64,
    /// Outbox messages that were abandoned.
    pub(crate) refused: i64,
    /// Age of the oldest waiting message, in seconds.
    pub(crate) oldest_secs: f64,
}

/// Returns the sums of the orders that were created in a time range, in one currency.
pub(crate) async fn sales_totals(
    conn: &mut PgConnection,
    currency: Currency,
    (from, to): (Option<Timestamp>, Option<Timestamp>),
) -> Result<SalesTotals, Error> {
    let row = query!(
        r#"SELECT count(*) AS "orders!", coalesce(sum(total_cents), 0)::bigint AS "revenue!",
             coalesce(sum(refunded_cents), 0)::bigint AS "refunded!"
         FROM orders
         WHERE transaction_id IS NOT NULL AND currency = $3
             AND ($1::timestamptz IS NULL OR created_at >= $1)
             AND ($2::timestamptz IS NULL OR created_at < $2)"#,
        from.map(|t| t.to_sqlx()) as _,
        to.map(|t| t.to_sqlx()) as _,
        currency.code(),
    )
    .fetch_one(conn)
    .await?;
    Ok(SalesTotals { orders: row.orders, revenue_cents: row.revenue, refunded_cents: row.refunded })
}

/// Returns the backlog. A saga is stuck if its step began before `stuck_since`: a step that can be
/// abandoned has been abandoned by then.
pub(crate) async fn backlog(
    conn: &mut PgConnection,
    now: Timestamp,
    stuck_since: Timestamp,
) -> Result<Backlog, Error> {
    let row = query!(
        r#"SELECT
             (SELECT count(*) FROM checkouts WHERE step NOT IN ('confirmed', 'cancelled'))
                 AS "checkouts!",
             (SELECT count(*) FROM checkouts
                 WHERE step NOT IN ('confirmed', 'cancelled') AND began_at < $2)
             + (SELECT count(*) FROM refunds
                 WHERE step NOT IN ('done', 'refused') AND began_at < $2) AS "stuck!",
             (SELECT count(*) FROM outbox WHERE state = 'waiting') AS "messages!",
             (SELECT count(*) FROM outbox WHERE state = 'refused') AS "refused!",
             (SELECT coalesce(extract(epoch FROM $1 - min(created_at)), 0)::float8 FROM outbox
                 WHERE state = 'waiting') AS "oldest!""#,
        now.to_sqlx(),
        stuck_since.to_sqlx(),
    )
    .fetch_one(conn)
    .await?;
    Ok(Backlog {
        checkouts: row.checkouts,
        stuck: row.stuck,
        messages: row.messages,
        refused: row.refused,
        oldest_secs: row.oldest,
    })
}

/// Whether a checkout or a refund of the order is in progress.
pub(crate) async fn is_open(conn: &mut PgConnection, order: OrderId) -> Result<bool, Error> {
    let open = query_scalar!(
        "SELECT EXISTS (SELECT FROM checkouts
             WHERE order_id = $1 AND step NOT IN ('confirmed', 'cancelled'))
         OR EXISTS (SELECT FROM refunds
             WHERE order_id = $1 AND step NOT IN ('done', 'refused'))",
        order.0,
    )
    .fetch_one(conn)
    .await?;
    Ok(open.unwrap_or(false))
}
