//! PostgreSQL goes away and comes back; the service stays.

use std::time::Duration;

use kit::testing::FaultProxy;
use proto::payment::v1::{self as pb, TransactionStatus as Status};
use sqlx::PgPool;
use tokio::time::{sleep, timeout};
use tonic::Code;

use crate::shop::{Shop, args, card, code, order, user};

/// The service, reaching the test's database over `proxy`.
async fn open(pool: &PgPool, proxy: &FaultProxy) -> Shop {
    let mut args = args(&proxy.database_url(pool));
    args.database.database_acquire_timeout = Duration::from_secs(2);
    Shop::open_with(pool, args, 7).await
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn calls_are_unavailable_while_postgresql_is_away_and_work_after(pool: PgPool) {
    let mut proxy = FaultProxy::for_database(&pool).await;
    let shop = open(&pool, &proxy).await;
    let held = shop.held("auth", 100).await;
    // Nobody comes back for this one.
    assert_eq!(code(shop.authorize("lost", "pm_test_lost_reply", 100).await), Code::Unavailable);

    proxy.disconnect().await;
    for _ in 0..2 {
        let status = shop.capture("capture", &held, 100).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        assert!(kit::grpc::status::retry_after_of(&status).is_some());
        assert!(!status.message().contains("127.0.0.1"), "{}", status.message());
        assert_eq!(code(shop.void_key("void", "auth 2").await), Code::Unavailable);
        assert_eq!(code(shop.add(card("4242424242424242")).await), Code::Unavailable);
        let request = pb::ListPaymentMethodsRequest { user_id: user(1) };
        assert_eq!(
            code(shop.client.clone().list_payment_methods(request).await),
            Code::Unavailable
        );
    }

    proxy.restore().await;
    let wait = async {
        while shop.capture("capture", &held, 100).await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(10), wait).await.expect("recovery without a restart");
    // Background work has recovered too.
    shop.later(11);
    let wait = async {
        let open = pb::TransactionStatus::Pending;
        while shop.of_order(&order(1)).await.iter().any(|(_, status)| *status == open) {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(20), wait).await.expect("the workers to recover");
    assert_eq!(shop.status(&held).await, Status::Authorized);
    assert_eq!(shop.acts("capture").await, 1);
    shop.close_sound().await;
}

#[sqlx::test(migrator = "payment::MIGRATOR")]
async fn the_service_starts_before_postgresql(pool: PgPool) {
    let mut proxy = FaultProxy::for_database(&pool).await;
    proxy.disconnect().await;
    let shop = open(&pool, &proxy).await;
    assert_eq!(code(shop.authorize("auth", "pm_test_visa", 1).await), Code::Unavailable);
    proxy.restore().await;
    let wait = async {
        while shop.authorize("auth", "pm_test_visa", 1).await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(10), wait).await.expect("the service to find PostgreSQL");
    assert_eq!(shop.acts("authorize").await, 1);
    shop.close_sound().await;
}
