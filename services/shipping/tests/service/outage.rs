//! PostgreSQL goes away and comes back; the service stays.

use std::time::Duration;

use jiff::SignedDuration;
use kit::testing::FaultProxy;
use proto::shipping::v1::ShipmentStatus;
use sqlx::PgPool;
use tokio::time::{sleep, timeout};
use tonic::{Code, Status};

use crate::depot::{Depot, args, env, order};

/// Shipping with a played carrier, reaching the test's database over `proxy`.
async fn open(pool: &PgPool, proxy: &FaultProxy) -> Depot {
    let more = ["--simulate-carrier", "--carrier-step-interval", "1s"];
    let mut args = args(&proxy.database_url(pool), &more);
    args.database.database_acquire_timeout = Duration::from_secs(2);
    Depot::open_with(pool, args, env("2026-03-01T12:00:00Z")).await
}

#[track_caller]
fn assert_unavailable<T: std::fmt::Debug>(answer: Result<T, Status>) {
    let status = answer.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    assert!(kit::grpc::status::retry_after_of(&status).is_some());
    assert!(!status.message().contains("127.0.0.1"), "{}", status.message());
}

#[sqlx::test(migrator = "shipping::MIGRATOR")]
async fn calls_are_unavailable_while_postgresql_is_away_and_work_after(pool: PgPool) {
    let mut proxy = FaultProxy::for_database(&pool).await;
    let depot = open(&pool, &proxy).await;
    let made = depot.ship(&order(1)).await.unwrap();

    proxy.disconnect().await;
    assert_unavailable(depot.of_order(&order(1)).await);
    assert_unavailable(depot.ship(&order(2)).await);
    assert_unavailable(depot.cancel(&order(1)).await);
    assert_unavailable(depot.track(&made.tracking_number).await);
    assert_unavailable(depot.tell(&made.tracking_number, ShipmentStatus::PickedUp).await);

    proxy.restore().await;
    let wait = async {
        while depot.of_order(&order(1)).await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(20), wait).await.expect("recovery without a restart");
    assert_eq!(depot.ship(&order(1)).await.unwrap(), made);
    depot.ship(&order(2)).await.unwrap();

    // The worker has recovered too.
    depot.env.advance(SignedDuration::from_secs(2));
    let wait = async {
        while depot.of_order(&order(2)).await.unwrap().status() != ShipmentStatus::LabelCreated {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(30), wait).await.expect("the carrier to recover");
    depot.close().await;
}

#[sqlx::test(migrator = "shipping::MIGRATOR")]
async fn the_service_starts_before_postgresql(pool: PgPool) {
    let mut proxy = FaultProxy::for_database(&pool).await;
    proxy.disconnect().await;
    let depot = open(&pool, &proxy).await;
    assert_unavailable(depot.of_order(&order(1)).await);
    proxy.restore().await;
    let wait = async {
        while depot.of_order(&order(1)).await.unwrap_err().code() != Code::NotFound {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(20), wait).await.expect("the service to find PostgreSQL");
    depot.close().await;
}
