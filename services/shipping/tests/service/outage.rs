//! Outages of PostgreSQL: calls fail with UNAVAILABLE, and the service recovers without a restart.

use std::time::Duration;

use jiff::SignedDuration;
use proto::shipping::v1::ShipmentStatus;
use sqlx::PgPool;
use testing::{FaultProxy, assert_unavailable};
use tokio::time::{sleep, timeout};
use tonic::Code;

use crate::fixture::{ShippingFixture, args, env, order};

/// Starts a service with the simulated carrier that reaches the test's database over `proxy`.
async fn start(pool: &PgPool, proxy: &FaultProxy) -> ShippingFixture {
    let extra_args = ["--simulate-carrier", "--carrier-step-interval", "1s"];
    let mut args = args(&proxy.database_url(pool), &extra_args);
    args.database.database_acquire_timeout = Duration::from_secs(2);
    ShippingFixture::start_with(pool, args, env("2026-03-01T12:00:00Z")).await
}

#[tokio::test]
async fn database_outage_returns_unavailable_and_recovers() {
    let database = testing::database(&shipping::MIGRATOR).await;
    let mut proxy = FaultProxy::for_database(database.pool()).await;
    let service = start(database.pool(), &proxy).await;
    let created = service.create_default(&order(1)).await.unwrap();

    proxy.disconnect().await;
    assert_unavailable(service.find_by_order(&order(1)).await);
    assert_unavailable(service.create_default(&order(2)).await);
    assert_unavailable(service.cancel(&order(1)).await);
    assert_unavailable(service.track(&created.tracking_number).await);
    assert_unavailable(
        service.report_status(&created.tracking_number, ShipmentStatus::PickedUp).await,
    );

    proxy.restore().await;
    let wait = async {
        while service.find_by_order(&order(1)).await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(20), wait).await.expect("recovery without a restart");
    assert_eq!(service.create_default(&order(1)).await.unwrap(), created);
    service.create_default(&order(2)).await.unwrap();

    // The background job recovers too.
    service.env.advance(SignedDuration::from_secs(2));
    let wait = async {
        while service.find_by_order(&order(2)).await.unwrap().status()
            != ShipmentStatus::LabelCreated
        {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(30), wait).await.expect("the simulated carrier recovers");
    service.stop().await;
}

#[tokio::test]
async fn service_starts_without_database() {
    let database = testing::database(&shipping::MIGRATOR).await;
    let mut proxy = FaultProxy::for_database(database.pool()).await;
    proxy.disconnect().await;
    let service = start(database.pool(), &proxy).await;
    assert_unavailable(service.find_by_order(&order(1)).await);
    proxy.restore().await;
    let wait = async {
        while service.find_by_order(&order(1)).await.unwrap_err().code() != Code::NotFound {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(20), wait).await.expect("the service connects to PostgreSQL");
    service.stop().await;
}
