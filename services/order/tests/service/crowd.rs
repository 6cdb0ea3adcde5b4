//! Many buyers, few units.

use std::{future::Future, time::Instant};

use futures::stream::{self, StreamExt as _};
use jiff::SignedDuration;
use kit::{Env, Runtime};
use proto::order::v1::{self as pb, OrderStatus};
use sqlx::PgPool;
use tonic::{Code, Status};

use crate::shop::{Shop, refused};

/// Buyers who ask at the same moment. More would only wait in queues of the test itself.
const AT_ONCE: usize = 64;

/// As for a replica that a crowd is expected at.
const SETTINGS: [&str; 2] = ["--database-max-connections=20", "--checkout-call-timeout=10s"];

/// How often a buyer asks who is told to try again, for the machine is busy.
const TRIES: usize = 5;

/// Does all of it, [`AT_ONCE`] at a time.
async fn crowd<F: Future>(all: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    stream::iter(all).buffer_unordered(AT_ONCE).collect().await
}

/// Customers with one unit each in their carts.
async fn buyers(shop: &Shop, count: usize, product: &str) -> Vec<String> {
    let buyer = async || {
        let user = shop.another().await;
        shop.fill_of(&user, product, 1).await;
        user
    };
    crowd((0..count).map(|_| buyer())).await
}

/// What all of them are answered. The rate is told, not judged: `cargo test -- --nocapture` shows it.
async fn all_buy(shop: &Shop, buyers: Vec<String>) -> Vec<Result<pb::Order, Status>> {
    let buy = async |user: String| {
        let request = pb::CreateOrderRequest { user_id: user, ..shop.request() };
        for _ in 1..TRIES {
            match shop.try_order(request.clone()).await {
                Err(status) if status.code() == Code::Unavailable => {}
                answer => return answer,
            }
        }
        shop.try_order(request).await
    };
    let (asked, began) = (buyers.len(), Instant::now());
    let answers = crowd(buyers.into_iter().map(buy)).await;
    let secs = began.elapsed().as_secs_f64();
    let rate = asked as f64 / secs;
    eprintln!("{asked} buyers of one product in {secs:.1} s, {rate:.0} a second");
    answers
}

async fn count(database: &PgPool, sql: &'static str) -> usize {
    let count: i64 = sqlx::query_scalar(sql).fetch_one(database).await.unwrap();
    usize::try_from(count).unwrap()
}

/// Nothing is held, nothing was taken without an order, and the checker agrees.
async fn assert_books_agree(shop: &Shop, paid: usize) {
    let others = &shop.others;
    let held = "SELECT count(*) FROM reservations WHERE state = 'held'";
    assert_eq!(count(&others.catalog_db, held).await, 0, "reservations are left");
    let gone = "SELECT count(*) FROM reservations WHERE state = 'committed'";
    assert_eq!(count(&others.catalog_db, gone).await, paid);
    let taken = "SELECT count(*) FROM transactions
         WHERE kind IN ('capture', 'charge') AND state = 'done'";
    assert_eq!(count(&others.payment_db, taken).await, paid, "charges without an order");
    let parcels = "SELECT count(*) FROM shipments WHERE status <> 'cancelled'";
    assert_eq!(count(&others.shipping_db, parcels).await, paid);
    let bought = "SELECT count(*) FROM orders WHERE status = 'confirmed'";
    assert_eq!(count(&shop.pool, bought).await, paid);
    let open = "SELECT count(*) FROM checkouts WHERE step NOT IN ('confirmed', 'cancelled')";
    assert_eq!(count(&shop.pool, open).await, 0, "checkouts are open");
    let mut runtime = Runtime::for_tests();
    runtime.env = Env::fixed(Env::system().now() + SignedDuration::from_mins(2), 1);
    let report = order::check(&shop.args(), &runtime).await.unwrap();
    assert!(report.checked >= paid.min(500), "{report:?}");
    assert_eq!(report.findings, []);
    runtime.stop().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn of_a_thousand_buyers_as_many_pay_as_there_are_units(pool: PgPool) {
    const BUYERS: usize = 1_000;
    const UNITS: usize = 10;
    let shop = Shop::open_with(&pool, &SETTINGS).await;
    let lamp = shop.product("Lamp", 1000, i32::try_from(UNITS).unwrap()).await;
    let buyers = buyers(&shop, BUYERS, &lamp).await;
    let answers = all_buy(&shop, buyers).await;

    let mut paid = 0;
    for answer in answers {
        let order = match answer {
            Ok(order) => shop.settled(&order.id).await,
            Err(status) => {
                assert_eq!(refused::<()>(Err(status)), "out_of_stock");
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
    assert_books_agree(&shop, UNITS).await;
    shop.close().await;
}

#[sqlx::test(migrator = "order::MIGRATOR")]
async fn buyers_of_one_product_are_all_served_while_there_is_enough(pool: PgPool) {
    const BUYERS: usize = 300;
    let shop = Shop::open_with(&pool, &SETTINGS).await;
    let lamp = shop.product("Lamp", 1000, 1_000).await;
    let buyers = buyers(&shop, BUYERS, &lamp).await;
    for order in all_buy(&shop, buyers).await {
        let order = shop.settled(&order.unwrap().id).await;
        assert_eq!(order.status(), OrderStatus::Confirmed, "{order:?}");
    }
    assert_eq!(shop.stock(&lamp).await, (700, 0));
    assert_books_agree(&shop, BUYERS).await;
    shop.close().await;
}
