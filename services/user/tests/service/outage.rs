//! PostgreSQL becomes unavailable and recovers while the service runs.

use std::time::Duration;

use sqlx::PgPool;
use testing::FaultProxy;
use tokio::time::{sleep, timeout};
use tonic::Code;

use crate::fixture::{PASSWORD, TestService};

/// Starts the service with its database connection through `proxy` and a first administrator.
async fn start(pool: &PgPool, proxy: &FaultProxy) -> TestService {
    TestService::start_with(pool, |args| {
        args.database.database_url = Some(proxy.database_url(pool).into());
        args.database.database_acquire_timeout = Duration::from_secs(2);
        args.admin_email = Some("root@example.com".into());
        args.admin_password = Some(PASSWORD.into());
    })
    .await
}

/// Signs in as the administrator, with retries until it succeeds.
async fn wait_for_root_sign_in(service: &TestService) {
    let wait = async {
        while service.login("root@example.com", PASSWORD).await.is_err() {
            sleep(Duration::from_millis(200)).await;
        }
    };
    timeout(Duration::from_secs(30), wait).await.expect("the administrator signs in");
}

#[tokio::test]
async fn calls_fail_unavailable_during_outage_and_recover() {
    let test_database = testing::database(&user::MIGRATOR).await;
    let mut proxy = FaultProxy::for_database(test_database.pool()).await;
    let service = start(test_database.pool(), &proxy).await;
    wait_for_root_sign_in(&service).await;
    let ada = service.register("ada@example.com").await;
    let id = ada.user.unwrap().id;
    service.notification.wait_for("verification", "ada@example.com", 1).await;

    proxy.disconnect().await;
    for status in [
        service.get_user(&id).await.unwrap_err(),
        service.login("ada@example.com", PASSWORD).await.unwrap_err(),
        service.login("bob@example.com", PASSWORD).await.unwrap_err(),
        service.refresh(&ada.refresh_token).await.unwrap_err(),
        service.try_register("bob@example.com").await.unwrap_err(),
        service.request_password_reset("ada@example.com").await.unwrap_err(),
    ] {
        assert_eq!(status.code(), Code::Unavailable, "{status:?}");
        assert!(kit::grpc::status::retry_after_of(&status).is_some());
        assert!(!status.message().contains("127.0.0.1"), "{}", status.message());
    }
    // Token validation needs no database.
    assert!(service.validate(&ada.access_token).await.valid);

    proxy.restore().await;
    wait_for_root_sign_in(&service).await;
    service.refresh(&ada.refresh_token).await.unwrap();
    // The outbox worker has recovered too.
    service.request_password_reset("ada@example.com").await.unwrap();
    service.notification.wait_for("reset", "ada@example.com", 1).await;
    service.stop().await;
}

#[tokio::test]
async fn service_starts_without_postgresql_and_creates_admin_later() {
    let database = testing::database(&user::MIGRATOR).await;
    let mut proxy = FaultProxy::for_database(database.pool()).await;
    proxy.disconnect().await;
    let service = start(database.pool(), &proxy).await;
    let status = service.login("root@example.com", PASSWORD).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    proxy.restore().await;
    wait_for_root_sign_in(&service).await;
    service.stop().await;
}
