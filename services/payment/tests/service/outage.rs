//! Outages of PostgreSQL: calls fail with UNAVAILABLE, and the service recovers without a restart.

use std::time::Duration;

use proto::payment::v1::{self as pb, TransactionStatus as Status};
use sqlx::PgPool;
use testing::FaultProxy;
use tokio::time::{sleep, timeout};
use tonic::Code;

use crate::fixture::{PaymentFixture, args, card, code, order, user};

/// Starts a service that reaches the test's database over `proxy`.
async fn start(pool: &PgPool, proxy: &FaultProxy) -> PaymentFixture {
    let mut args = args(&proxy.database_url(pool));
    args.database.database_acquire_timeout = Duration::from_secs(2);
    PaymentFixture::start_with(pool, args, 7).await
}

#[tokio::test]
async fn database_outage_returns_unavailable_and_recovers() {
    let database = testing::database(&payment::MIGRATOR).await;
    let mut proxy = FaultProxy::for_database(database.pool()).await;
    let service = start(database.pool(), &proxy).await;
    let authorization = service.authorized("auth", 100).await;
    // The caller never retries this request.
    assert_eq!(code(service.authorize("lost", "pm_test_lost_reply", 100).await), Code::Unavailable);

    proxy.disconnect().await;
    for _ in 0..2 {
        let status = service.capture("capture", &authorization, 100).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        assert!(kit::grpc::status::retry_after_of(&status).is_some());
        assert!(!status.message().contains("127.0.0.1"), "{}", status.message());
        assert_eq!(code(service.void_key("void", "auth 2").await), Code::Unavailable);
        assert_eq!(code(service.add_method(card("4242424242424242")).await), Code::Unavailable);
        let request = pb::ListPaymentMethodsRequest { user_id: user(1) };
        assert_eq!(
            code(service.client.clone().list_payment_methods(request).await),
            Code::Unavailable
        );
    }

    proxy.restore().await;
    let wait = async {
        while service.capture("capture", &authorization, 100).await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(10), wait).await.expect("recovery without a restart");
    // Background jobs recover too.
    service.advance_secs(11);
    let wait = async {
        let open = pb::TransactionStatus::Pending;
        while service.list_by_order(&order(1)).await.iter().any(|(_, status)| *status == open) {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(20), wait).await.expect("workers recover");
    assert_eq!(service.status(&authorization).await, Status::Authorized);
    assert_eq!(service.executed("capture").await, 1);
    service.stop_consistent().await;
}

#[tokio::test]
async fn service_starts_without_database() {
    let database = testing::database(&payment::MIGRATOR).await;
    let mut proxy = FaultProxy::for_database(database.pool()).await;
    proxy.disconnect().await;
    let service = start(database.pool(), &proxy).await;
    assert_eq!(code(service.authorize("auth", "pm_test_visa", 1).await), Code::Unavailable);
    proxy.restore().await;
    let wait = async {
        while service.authorize("auth", "pm_test_visa", 1).await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(10), wait).await.expect("the service connects to PostgreSQL");
    assert_eq!(service.executed("authorize").await, 1);
    service.stop_consistent().await;
}
