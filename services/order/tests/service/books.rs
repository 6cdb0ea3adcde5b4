//! What must be true in the books of all services, once an order is at rest.

use proto::order::v1::{self as pb, OrderStatus};
use sqlx::PgPool;

use crate::shop::Shop;

/// What the books say of an order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Books {
    /// Captures that went through, in cents.
    pub(crate) captured: Vec<i64>,
    /// Refunds that went through, in cents.
    pub(crate) refunded: i64,
    /// Authorisations that are still held.
    pub(crate) held: i64,
    /// Where the stock of the order is.
    pub(crate) reservation: Option<String>,
    /// Shipments that were not called off.
    pub(crate) parcels: i64,
}

async fn one<T>(pool: &PgPool, sql: &'static str, order: &str) -> T
where
    T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    sqlx::query_scalar(sql).bind(order).fetch_one(pool).await.unwrap()
}

impl Shop {
    pub(crate) async fn books(&self, order: &str) -> Books {
        let others = &self.others;
        Books {
            captured: one(
                &others.payment_db,
                "SELECT coalesce(array_agg(amount_cents), '{}') FROM transactions
                 WHERE order_id = $1::uuid AND kind IN ('capture', 'charge') AND state = 'done'",
                order,
            )
            .await,
            refunded: one(
                &others.payment_db,
                "SELECT coalesce(sum(amount_cents), 0)::bigint FROM transactions
                 WHERE order_id = $1::uuid AND kind = 'refund' AND state = 'done'",
                order,
            )
            .await,
            held: one(
                &others.payment_db,
                "SELECT count(*) FROM transactions a
                 WHERE order_id = $1::uuid AND kind = 'authorization' AND state IN ('open', 'done')
                     AND NOT EXISTS (SELECT FROM transactions c
                         WHERE c.parent_id = a.id AND c.kind = 'capture' AND c.state = 'done')",
                order,
            )
            .await,
            reservation: sqlx::query_scalar(
                "SELECT state FROM reservations WHERE order_id = $1::uuid",
            )
            .bind(order)
            .fetch_optional(&others.catalog_db)
            .await
            .unwrap(),
            parcels: one(
                &others.shipping_db,
                "SELECT count(*) FROM shipments WHERE order_id = $1::uuid AND status <> 'cancelled'",
                order,
            )
            .await,
        }
    }

    /// Mails to the first customer about orders, by kind and number.
    pub(crate) async fn mails(&self) -> Vec<(String, i64)> {
        sqlx::query_as(
            "SELECT kind, count(*) FROM notifications
             WHERE recipient = $1 AND kind <> 'welcome' GROUP BY kind ORDER BY kind",
        )
        .bind(&self.email)
        .fetch_all(&self.others.notification_db)
        .await
        .unwrap()
    }

    /// Everything agrees that the order was bought, once.
    pub(crate) async fn assert_bought(&self, order: &pb::Order) {
        assert_eq!(order.status(), OrderStatus::Confirmed, "{order:?}");
        assert!(!order.tracking_number.is_empty() && !order.transaction_id.is_empty());
        let total = order.total.as_ref().unwrap().amount_cents;
        let expected = Books {
            captured: vec![total],
            refunded: 0,
            held: 0,
            reservation: Some("committed".into()),
            parcels: 1,
        };
        assert_eq!(self.books(&order.id).await, expected);
    }

    /// Everything agrees that nothing was bought.
    pub(crate) async fn assert_nothing_bought(&self, order: &pb::Order) {
        assert_eq!(order.status(), OrderStatus::Cancelled, "{order:?}");
        assert!(order.tracking_number.is_empty() && order.transaction_id.is_empty());
        let books = self.books(&order.id).await;
        assert_eq!((books.captured.len(), books.held, books.parcels), (0, 0, 0), "{books:?}");
        let left = books.reservation.as_deref();
        assert!(!matches!(left, Some("held" | "committed")), "{books:?}");
    }

    /// Everything agrees that the order was bought and is given back.
    pub(crate) async fn assert_called_off(&self, order: &pb::Order) {
        assert_eq!(order.status(), OrderStatus::Cancelled, "{order:?}");
        let total = order.total.as_ref().unwrap().amount_cents;
        assert_eq!(order.refunded.as_ref().unwrap().amount_cents, total);
        let expected = Books {
            captured: vec![total],
            refunded: total,
            held: 0,
            reservation: Some("restocked".into()),
            parcels: 0,
        };
        assert_eq!(self.books(&order.id).await, expected);
    }
}
