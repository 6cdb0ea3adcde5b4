//! The checker says nothing of books that agree, and finds whatever does not.

use jiff::SignedDuration;
use kit::{Env, Runtime};
use proto::order::v1 as pb;
use sqlx::{AssertSqlSafe, PgPool, query};
use tonic::Code;

use crate::{shop::Shop, wires::Fault::Answer};

/// A shop with orders that are at rest, each of which ended in its own way.
struct Rest {
    shop: Shop,
    runtime: Runtime,
    bought: String,
    refunded_in_part: String,
    refunded: String,
    called_off: String,
    declined: String,
    turned_back: String,
}

impl Rest {
    async fn of(pool: &PgPool) -> Self {
        let shop = Shop::open(pool).await;
        let lamp = shop.product("Lamp", 1000, 20).await;
        let rug = shop.product("Rug", 2000, 20).await;
        shop.fill(&rug, 1).await;
        let bought = shop.bought(&lamp, 2).await.id;
        let refunded_in_part = shop.bought(&lamp, 1).await.id;
        shop.refund(&refunded_in_part, Some(100), "a").await.unwrap();
        let refunded = shop.bought(&lamp, 1).await.id;
        shop.refund(&refunded, None, "b").await.unwrap();
        let called_off = shop.bought(&lamp, 1).await.id;
        shop.cancel(&called_off).await.unwrap();
        // Refused after its units had left, and before.
        let with = |method: &str| pb::CreateOrderRequest {
            payment_method_id: method.into(),
            ..shop.request()
        };
        shop.fill(&lamp, 1).await;
        shop.wires.fault("Capture", &[Answer(Code::FailedPrecondition)]);
        let turned_back = shop.order().await.id;
        shop.settled(&turned_back).await;
        let declined = shop.try_order(with("pm_test_declined")).await.unwrap().id;
        for order in [&refunded_in_part, &refunded, &called_off, &declined] {
            shop.settled(order).await;
        }
        let mut runtime = Runtime::for_tests();
        runtime.env = Env::fixed(Env::system().now() + SignedDuration::from_mins(2), 1);
        Self {
            shop,
            runtime,
            bought,
            refunded_in_part,
            refunded,
            called_off,
            declined,
            turned_back,
        }
    }

    async fn close(self) {
        self.runtime.stop().await;
        self.shop.close().await;
    }

    /// What disagrees: order and word.
    async fn found(&self) -> Vec<(String, &'static str)> {
        let report = order::check(&self.shop.args(), &self.runtime).await.unwrap();
        assert_eq!(report.checked, 6);
        let mut found: Vec<_> =
            report.findings.iter().map(|found| (found.order.to_string(), found.what)).collect();
        found.sort();
        found
    }

    /// Writes something wrong into a book, looks what is found, and writes what is right again.
    async fn planted(
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
        let found = self.found().await;
        write(right).await;
        found
    }
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn money_and_shipments_that_disagree_are_found(pool: PgPool) {
    let rest = Rest::of(&pool).await;
    assert_eq!(rest.found().await, []);
    let (shipping, orders) = (&rest.shop.others.shipping_db, &rest.shop.pool);
    let (status, refunded) = (("shipments", "status"), ("orders", "refunded_cents"));
    for (database, column, values, order, what) in [
        (shipping, status, ("'cancelled'", "'pending'"), &rest.bought, "shipment"),
        (shipping, status, ("'pending'", "'cancelled'"), &rest.called_off, "shipment"),
        (orders, refunded, ("99", "100"), &rest.refunded_in_part, "refunded"),
        (orders, refunded, ("0", "total_cents"), &rest.refunded, "refunded"),
    ] {
        let found = rest.planted(database, column, values, order).await;
        assert_eq!(found, [(order.clone(), what)], "{column:?} {values:?}");
    }
    assert_eq!(rest.found().await, []);
    // A payment that the order knows nothing of: money, goods and parcel are all more than it says.
    query("UPDATE orders SET transaction_id = NULL, status = 'cancelled' WHERE id = $1::uuid")
        .bind(&rest.bought)
        .execute(&rest.shop.pool)
        .await
        .unwrap();
    let all = ["captured", "shipment", "stock"].map(|what| (rest.bought.clone(), what));
    assert_eq!(rest.found().await, all);
    rest.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn stock_that_disagrees_is_found(pool: PgPool) {
    let rest = Rest::of(&pool).await;
    let catalog = &rest.shop.others.catalog_db;
    assert_eq!(rest.found().await, []);
    for (order, wrong, right) in [
        // Sold: exactly what was ordered is gone, also when the money was given back.
        (&rest.bought, &["held", "refused", "released", "expired", "restocked"][..], "committed"),
        (&rest.refunded_in_part, &["restocked"], "committed"),
        (&rest.refunded, &["restocked"], "committed"),
        // Called off: it came back.
        (&rest.called_off, &["held", "released", "committed"], "restocked"),
        // Never sold: nothing is held and nothing is gone.
        (&rest.declined, &["held", "committed"], "expired"),
        (&rest.turned_back, &["held", "committed"], "restocked"),
    ] {
        for state in wrong {
            let values = (&*format!("'{state}'"), &*format!("'{right}'"));
            let found = rest.planted(catalog, ("reservations", "state"), values, order).await;
            assert_eq!(found, [(order.clone(), "stock")], "{state}");
        }
    }
    for order in [&rest.bought, &rest.called_off] {
        let (column, values) =
            (("reservation_lines", "quantity"), ("quantity + 1", "quantity - 1"));
        let found = rest.planted(catalog, column, values, order).await;
        assert_eq!(found, [(order.clone(), "stock")]);
    }
    assert_eq!(rest.found().await, []);
    rest.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn stock_that_nobody_remembers_is_found(pool: PgPool) {
    let rest = Rest::of(&pool).await;
    let forget = async |order: &str| {
        for table in ["reservation_lines", "reservations"] {
            let sql = format!("DELETE FROM {table} WHERE order_id = '{order}'");
            query(AssertSqlSafe(sql)).execute(&rest.shop.others.catalog_db).await.unwrap();
        }
    };
    forget(&rest.declined).await;
    assert_eq!(rest.found().await, [], "nothing was sold");
    forget(&rest.bought).await;
    assert_eq!(rest.found().await, [(rest.bought.clone(), "stock")]);
    rest.close().await;
}
