//! Invariants over the records of all services, once an order has settled.

use proto::order::v1::{self as pb, OrderStatus};
use sqlx::PgPool;

use crate::fixture::ShopFixture;

/// Records of all services about an order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ServiceState {
    /// Successful captures, in cents.
    pub(crate) captured: Vec<i64>,
    /// Sum of the successful refunds, in cents.
    pub(crate) refunded: i64,
    /// Number of authorizations that are still held.
    pub(crate) held: i64,
    /// State of the order's reservation.
    pub(crate) reservation: Option<String>,
    /// Number of shipments that are not cancelled.
    pub(crate) shipments: i64,
}

async fn query_one<T>(pool: &PgPool, sql: &'static str, order: &str) -> T
where
    T: Send + Unpin + for<'r> sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>,
{
    sqlx::query_scalar(sql).bind(order).fetch_one(pool).await.unwrap()
}

impl ShopFixture {
    pub(crate) async fn service_state(&self, order: &str) -> ServiceState {
        let services = &self.services;
        ServiceState {
            captured: query_one(
                &services.payment_db,
                "SELECT coalesce(array_agg(amount_cents), '{}') FROM transactions
                 WHERE order_id = $1::uuid AND kind IN ('capture', 'charge') AND state = 'done'",
                order,
            )
            .await,
            refunded: query_one(
                &services.payment_db,
                "SELECT coalesce(sum(amount_cents), 0)::bigint FROM transactions
                 WHERE order_id = $1::uuid AND kind = 'refund' AND state = 'done'",
                order,
            )
            .await,
            held: query_one(
                &services.payment_db,
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
            .fetch_optional(&services.catalog_db)
            .await
            .unwrap(),
            shipments: query_one(
                &services.shipping_db,
                "SELECT count(*) FROM shipments
                 WHERE order_id = $1::uuid AND status <> 'cancelled'",
                order,
            )
            .await,
        }
    }

    /// Returns the mails about orders to the first customer: (kind, count).
    pub(crate) async fn mails(&self) -> Vec<(String, i64)> {
        sqlx::query_as(
            "SELECT kind, count(*) FROM notifications
             WHERE recipient = $1 AND kind <> 'email_verification' GROUP BY kind ORDER BY kind",
        )
        .bind(&self.email)
        .fetch_all(&self.services.notification_db)
        .await
        .unwrap()
    }

    /// Asserts that all services recorded the purchase exactly once.
    pub(crate) async fn assert_bought(&self, order: &pb::Order) {
        assert_eq!(order.status(), OrderStatus::Confirmed, "{order:?}");
        assert!(!order.tracking_number.is_empty() && !order.transaction_id.is_empty());
        let total = order.total.as_ref().unwrap().amount_cents;
        let expected = ServiceState {
            captured: vec![total],
            refunded: 0,
            held: 0,
            reservation: Some("committed".into()),
            shipments: 1,
        };
        assert_eq!(self.service_state(&order.id).await, expected);
    }

    /// Asserts that no service has effects of the order left.
    pub(crate) async fn assert_nothing_bought(&self, order: &pb::Order) {
        assert_eq!(order.status(), OrderStatus::Cancelled, "{order:?}");
        assert!(order.tracking_number.is_empty() && order.transaction_id.is_empty());
        let state = self.service_state(&order.id).await;
        assert_eq!((state.captured.len(), state.held, state.shipments), (0, 0, 0), "{state:?}");
        let reservation = state.reservation.as_deref();
        assert!(!matches!(reservation, Some("held" | "committed")), "{state:?}");
    }

    /// Asserts that all services recorded the purchase and its complete compensation.
    pub(crate) async fn assert_cancelled_and_refunded(&self, order: &pb::Order) {
        assert_eq!(order.status(), OrderStatus::Cancelled, "{order:?}");
        let total = order.total.as_ref().unwrap().amount_cents;
        assert_eq!(order.refunded.as_ref().unwrap().amount_cents, total);
        let expected = ServiceState {
            captured: vec![total],
            refunded: total,
            held: 0,
            reservation: Some("restocked".into()),
            shipments: 0,
        };
        assert_eq!(self.service_state(&order.id).await, expected);
    }
}
