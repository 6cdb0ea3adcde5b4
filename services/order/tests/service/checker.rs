//! The consistency checker: reports nothing for consistent records, and finds each planted
//! mismatch.

use jiff::SignedDuration;
use kit::{Env, Runtime};
use proto::order::v1 as pb;
use sqlx::{AssertSqlSafe, PgPool, query};
use tonic::Code;

use crate::fault_proxy::Fault::RespondWith;
use crate::fixture::ShopFixture;

/// A shop with one settled order for each way in which an order can end.
struct SettledOrders {
    shop: ShopFixture,
    runtime: Runtime,
    bought: String,
    partially_refunded: String,
    refunded: String,
    cancelled: String,
    declined: String,
    capture_rejected: String,
}

impl SettledOrders {
    async fn create(pool: &PgPool) -> Self {
        let shop = ShopFixture::open(pool).await;
        let lamp = shop.add_product("Lamp", 1000, 20).await;
        let rug = shop.add_product("Rug", 2000, 20).await;
        shop.add_to_cart(&rug, 1).await;
        let bought = shop.buy(&lamp, 2).await.id;
        let partially_refunded = shop.buy(&lamp, 1).await.id;
        shop.refund(&partially_refunded, Some(100), "a").await.unwrap();
        let refunded = shop.buy(&lamp, 1).await.id;
        shop.refund(&refunded, None, "b").await.unwrap();
        let cancelled = shop.buy(&lamp, 1).await.id;
        shop.cancel(&cancelled).await.unwrap();
        // One order fails after its stock is committed, one before.
        let request_with = |method: &str| pb::CreateOrderRequest {
            payment_method_id: method.into(),
            ..shop.request()
        };
        shop.add_to_cart(&lamp, 1).await;
        shop.proxy.inject("Capture", &[RespondWith(Code::FailedPrecondition)]);
        let capture_rejected = shop.place_order().await.id;
        shop.wait_until_settled(&capture_rejected).await;
        let declined = shop.try_place_order(request_with("pm_test_declined")).await.unwrap().id;
        for order in [&partially_refunded, &refunded, &cancelled, &declined] {
            shop.wait_until_settled(order).await;
        }
        let mut runtime = Runtime::for_tests();
        runtime.env = Env::fixed(Env::system().now() + SignedDuration::from_mins(2), 1);
        Self {
            shop,
            runtime,
            bought,
            partially_refunded,
            refunded,
            cancelled,
            declined,
            capture_rejected,
        }
    }

    async fn close(self) {
        self.runtime.stop().await;
        self.shop.close().await;
    }

    /// Returns the mismatches: (order, name).
    async fn findings(&self) -> Vec<(String, &'static str)> {
        let report = order::check(&self.shop.args(), &self.runtime).await.unwrap();
        assert_eq!(report.checked, 6);
        let mut findings: Vec<_> = report
            .findings
            .iter()
            .map(|finding| (finding.order.to_string(), finding.mismatch))
            .collect();
        findings.sort();
        findings
    }

    /// Plants a mismatch, returns the findings, and restores the value.
    async fn plant_and_check(
        &self,
        database: &PgPool,
        (table, column): (&str, &str),
        (wrong, right): (&str, &str),
        order: &str,
    ) -> Vec<(String, &'static str)> {
        let key = if table == "orders" { "id" } else { "order_id" };
        let write = async |value: &str| {
            let sql = format!("UPDATE {table} SET {column} = {value} WHERE {key} = '{order}'");
            let done = query(AssertSqlSafe(sql)).execute(database).await.unwrap();
            assert!(done.rows_affected() > 0);
        };
        write(wrong).await;
        let findings = self.findings().await;
        write(right).await;
        findings
    }
}

#[tokio::test]
async fn payment_and_shipment_mismatches_are_found() {
    let test_database = testing::database(&order::MIGRATOR).await;
    let settled = SettledOrders::create(test_database.pool()).await;
    assert_eq!(settled.findings().await, []);
    let (shipping, orders) = (&settled.shop.services.shipping_db, &settled.shop.pool);
    let (status, refunded) = (("shipments", "status"), ("orders", "refunded_cents"));
    for (database, column, values, order, mismatch) in [
        (shipping, status, ("'cancelled'", "'pending'"), &settled.bought, "shipment"),
        (shipping, status, ("'pending'", "'cancelled'"), &settled.cancelled, "shipment"),
        (orders, refunded, ("99", "100"), &settled.partially_refunded, "refunded"),
        (orders, refunded, ("0", "total_cents"), &settled.refunded, "refunded"),
    ] {
        let findings = settled.plant_and_check(database, column, values, order).await;
        assert_eq!(findings, [(order.clone(), mismatch)], "{column:?} {values:?}");
    }
    assert_eq!(settled.findings().await, []);
    // A payment that the order does not record: payment, stock and shipment all exceed what it
    // states.
    query("UPDATE orders SET transaction_id = NULL, status = 'cancelled' WHERE id = $1::uuid")
        .bind(&settled.bought)
        .execute(&settled.shop.pool)
        .await
        .unwrap();
    let all = ["captured", "shipment", "stock"].map(|mismatch| (settled.bought.clone(), mismatch));
    assert_eq!(settled.findings().await, all);
    settled.close().await;
}

#[tokio::test]
async fn stock_mismatches_are_found() {
    let database = testing::database(&order::MIGRATOR).await;
    let settled = SettledOrders::create(database.pool()).await;
    let catalog = &settled.shop.services.catalog_db;
    assert_eq!(settled.findings().await, []);
    for (order, wrong, right) in [
        // Sold: exactly the ordered units are committed, even if the payment was refunded.
        (
            &settled.bought,
            &["held", "refused", "released", "expired", "restocked"][..],
            "committed",
        ),
        (&settled.partially_refunded, &["restocked"], "committed"),
        (&settled.refunded, &["restocked"], "committed"),
        // Cancelled after the payment: the units were restocked.
        (&settled.cancelled, &["held", "released", "committed"], "restocked"),
        // Never sold: nothing is held and nothing is committed.
        (&settled.declined, &["held", "committed"], "expired"),
        (&settled.capture_rejected, &["held", "committed"], "restocked"),
    ] {
        for state in wrong {
            let values = (&*format!("'{state}'"), &*format!("'{right}'"));
            let findings =
                settled.plant_and_check(catalog, ("reservations", "state"), values, order).await;
            assert_eq!(findings, [(order.clone(), "stock")], "{state}");
        }
    }
    for order in [&settled.bought, &settled.cancelled] {
        let (column, values) =
            (("reservation_lines", "quantity"), ("quantity + 1", "quantity - 1"));
        let findings = settled.plant_and_check(catalog, column, values, order).await;
        assert_eq!(findings, [(order.clone(), "stock")]);
    }
    assert_eq!(settled.findings().await, []);
    settled.close().await;
}

#[tokio::test]
async fn missing_reservation_of_a_sold_order_is_found() {
    let database = testing::database(&order::MIGRATOR).await;
    let settled = SettledOrders::create(database.pool()).await;
    let delete_reservation = async |order: &str| {
        for table in ["reservation_lines", "reservations"] {
            let sql = format!("DELETE FROM {table} WHERE order_id = '{order}'");
            query(AssertSqlSafe(sql)).execute(&settled.shop.services.catalog_db).await.unwrap();
        }
    };
    delete_reservation(&settled.declined).await;
    assert_eq!(settled.findings().await, [], "nothing was sold");
    delete_reservation(&settled.bought).await;
    assert_eq!(settled.findings().await, [(settled.bought.clone(), "stock")]);
    settled.close().await;
}
