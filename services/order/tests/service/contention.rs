//! Contention: many buyers, few units.

use std::future::Future;
use std::time::Instant;

use futures::stream::{self, StreamExt as _};
use jiff::SignedDuration;
use kit::{Env, Runtime};
use proto::order::v1::{self as pb, OrderStatus};
use sqlx::PgPool;
use tonic::{Code, Status};

use crate::fixture::{ShopFixture, reason};

/// Concurrent buyers. More would only wait in queues of the test itself.
const CONCURRENCY: usize = 64;

/// Settings of a replica that expects many concurrent requests.
const SETTINGS: [&str; 2] = ["--database-max-connections=20", "--checkout-call-timeout=10s"];

/// Attempts of a buyer whose request is rejected as retryable because the machine is busy.
const ATTEMPTS: usize = 5;

/// Runs all futures, [`CONCURRENCY`] at a time.
async fn run_concurrently<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    stream::iter(futures).buffer_unordered(CONCURRENCY).collect().await
}

/// Registers customers with one unit each in their carts.
async fn buyers(shop: &ShopFixture, count: usize, product: &str) -> Vec<String> {
    let buyer = async || {
        let user = shop.register_customer().await;
        shop.add_to_cart_for(&user, product, 1).await;
        user
    };
    run_concurrently((0..count).map(|_| buyer())).await
}

/// Places all orders and returns the responses. The rate is printed, not asserted: `cargo test --
/// --nocapture` shows it.
async fn place_all_orders(
    shop: &ShopFixture,
    buyers: Vec<String>,
) -> Vec<Result<pb::Order, Status>> {
    let buy = async |user: String| {
        let request = pb::CreateOrderRequest { user_id: user, ..shop.request() };
        for _ in 1..ATTEMPTS {
            match shop.try_place_order(request.clone()).await {
                Err(status) if status.code() == Code::Unavailable => {}
                response => return response,
            }
        }
        shop.try_place_order(request).await
    };
    let (count, started) = (buyers.len(), Instant::now());
    let responses = run_concurrently(buyers.into_iter().map(buy)).await;
    let secs = started.elapsed().as_secs_f64();
    let rate = count as f64 / secs;
    eprintln!("{count} buyers of one product in {secs:.1} s, {rate:.0} a second");
    responses
}

async fn count(database: &PgPool, sql: &'static str) -> usize {
    let count: i64 = sqlx::query_scalar(sql).fetch_one(database).await.unwrap();
    usize::try_from(count).unwrap()
}

/// Asserts that nothing is held, nothing was captured without an order, and the checker finds no
/// mismatch.
async fn assert_consistent(shop: &ShopFixture, paid: usize) {
    let services = &shop.services;
    let held = "SELECT count(*) FROM reservations WHERE state = 'held'";
    assert_eq!(count(&services.catalog_db, held).await, 0, "reservations are still held");
    let committed = "SELECT count(*) FROM reservations WHERE state = 'committed'";
    assert_eq!(count(&services.catalog_db, committed).await, paid);
    let captured = "SELECT count(*) FROM transactions
         WHERE kind IN ('capture', 'charge') AND state = 'done'";
    assert_eq!(count(&services.payment_db, captured).await, paid, "charges without an order");
    let shipments = "SELECT count(*) FROM shipments WHERE status <> 'cancelled'";
    assert_eq!(count(&services.shipping_db, shipments).await, paid);
    let confirmed = "SELECT count(*) FROM orders WHERE status = 'confirmed'";
    assert_eq!(count(&shop.pool, confirmed).await, paid);
    let open = "SELECT count(*) FROM checkouts WHERE step NOT IN ('confirmed', 'cancelled')";
    assert_eq!(count(&shop.pool, open).await, 0, "checkouts are open");
    let mut runtime = Runtime::for_tests();
    runtime.env = Env::fixed(Env::system().now() + SignedDuration::from_mins(2), 1);
    let report = order::check(&shop.args(), &runtime).await.unwrap();
    assert!(report.checked >= paid.min(500), "{report:?}");
    assert_eq!(report.findings, []);
    runtime.stop().await;
}

#[tokio::test]
async fn thousand_buyers_pay_only_for_available_units() {
    let database = testing::database(&order::MIGRATOR).await;
    const BUYERS: usize = 1_000;
    const UNITS: usize = 10;
    let shop = ShopFixture::open_with(database.pool(), &SETTINGS).await;
    let lamp = shop.add_product("Lamp", 1000, i32::try_from(UNITS).unwrap()).await;
    let buyers = buyers(&shop, BUYERS, &lamp).await;
    let responses = place_all_orders(&shop, buyers).await;

    let mut paid = 0;
    for response in responses {
        let order = match response {
            Ok(order) => shop.wait_until_settled(&order.id).await,
            Err(status) => {
                assert_eq!(reason::<()>(Err(status)), "out_of_stock");
                continue;
            }
        };
        if order.status() == OrderStatus::Confirmed {
            shop.assert_bought(&order).await;
            paid += 1;
        } else {
            assert_eq!(order.failure_code, "out_of_stock");
            assert_eq!(order.unavailable_product_ids, std::slice::from_ref(&lamp));
            shop.assert_nothing_bought(&order).await;
        }
    }
    assert_eq!(paid, UNITS);
    assert_eq!(shop.stock(&lamp).await, (0, 0));
    assert_consistent(&shop, UNITS).await;
    shop.close().await;
}

#[tokio::test]
async fn all_buyers_succeed_while_stock_suffices() {
    let database = testing::database(&order::MIGRATOR).await;
    const BUYERS: usize = 300;
    let shop = ShopFixture::open_with(database.pool(), &SETTINGS).await;
    let lamp = shop.add_product("Lamp", 1000, 1_000).await;
    let buyers = buyers(&shop, BUYERS, &lamp).await;
    for order in place_all_orders(&shop, buyers).await {
        let order = shop.wait_until_settled(&order.unwrap().id).await;
        assert_eq!(order.status(), OrderStatus::Confirmed, "{order:?}");
    }
    assert_eq!(shop.stock(&lamp).await, (700, 0));
    assert_consistent(&shop, BUYERS).await;
    shop.close().await;
}
