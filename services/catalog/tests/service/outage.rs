//! Outages of PostgreSQL.

use std::time::Duration;

use proto::catalog::v1 as pb;
use sqlx::PgPool;
use testing::FaultProxy;
use tokio::time::{sleep, timeout};
use tonic::Code;

use crate::fixture::{Shop, args, order};

/// A catalog that reaches the test's database through `proxy`.
async fn open(pool: &PgPool, proxy: &FaultProxy) -> Shop {
    let mut args = args(&proxy.database_url(pool));
    args.database.database_acquire_timeout = Duration::from_secs(2);
    Shop::open_with(pool, args).await
}

#[tokio::test]
async fn outage_returns_unavailable_and_recovers() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let mut proxy = FaultProxy::for_database(database.pool()).await;
    let shop = open(database.pool(), &proxy).await;
    let lamp = shop.product("Lamp", 100, 5).await.id;

    proxy.disconnect().await;
    for _ in 0..3 {
        let status = shop.get(&lamp).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        assert!(kit::grpc::status::retry_after_of(&status).is_some());
        assert!(!status.message().contains("127.0.0.1"), "{}", status.message());
        let status = shop.reserve(&order(1), &lamp, 1).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    }

    proxy.restore().await;
    let wait = async {
        while shop.get(&lamp).await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(10), wait).await.expect("recovery without a restart");
    assert!(shop.reserve(&order(1), &lamp, 1).await.unwrap().success);

    // Background workers have recovered too: the sweeper releases the units, and the listener
    // reports the change.
    let request = pb::WatchChangesRequest {};
    let mut watcher = shop.client.clone().watch_changes(request).await.unwrap().into_inner();
    shop.env.advance(jiff::SignedDuration::from_mins(16));
    let wait = async {
        while shop.available(&lamp).await < 5 {
            sleep(Duration::from_millis(50)).await;
        }
        for n in 2.. {
            shop.reserve(&order(n), &lamp, 1).await.unwrap();
            if watcher.message().await.unwrap().unwrap().product_ids.contains(&lamp) {
                break;
            }
            shop.release(&order(n)).await.unwrap();
        }
    };
    timeout(Duration::from_secs(20), wait).await.expect("the workers recover");
    drop(watcher);
    shop.close().await;
}

#[tokio::test]
async fn service_starts_before_postgresql() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let mut proxy = FaultProxy::for_database(database.pool()).await;
    proxy.disconnect().await;
    let shop = open(database.pool(), &proxy).await;
    let refused = shop.get(&order(1)).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    proxy.restore().await;
    let wait = async {
        while shop.get(&order(1)).await.unwrap_err().code() != Code::NotFound {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(10), wait).await.expect("the service connects to PostgreSQL");
    shop.close().await;
}

#[tokio::test]
async fn sweeper_survives_a_stalled_connection() {
    let database = testing::database(&catalog::MIGRATOR).await;
    let proxy = FaultProxy::for_database(database.pool()).await;
    let shop = open(database.pool(), &proxy).await;
    let lamp = shop.product("Lamp", 100, 5).await.id;
    shop.reserve(&order(1), &lamp, 2).await.unwrap();

    // The connection is lost while the sweeper releases units.
    let mut holder = database.pool().begin().await.unwrap();
    sqlx::query("SELECT * FROM stock FOR UPDATE").fetch_all(&mut *holder).await.unwrap();
    shop.env.advance(jiff::SignedDuration::from_mins(16));
    let waits = "SELECT EXISTS (SELECT FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock')";
    let wait = async {
        while !sqlx::query_scalar::<_, bool>(waits).fetch_one(database.pool()).await.unwrap() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(10), wait).await.expect("the sweeper waits for the stock row");
    proxy.stall();
    holder.rollback().await.unwrap();

    let wait = async {
        while shop.stock(&lamp).await != (5, 0) {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(60), wait).await.expect("the sweeper retries");
    shop.close().await;
}
