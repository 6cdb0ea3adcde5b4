//! The simulated carrier.

use std::time::Duration;

use jiff::SignedDuration;
use proto::shipping::v1::ShipmentStatus;
use sqlx::{ConnectOptions, PgPool};
use tokio::time::{sleep, timeout};

use crate::fixture::{ShippingFixture, args, env, order};

async fn start(pool: &PgPool, start: &str) -> ShippingFixture {
    let url = pool.connect_options().to_url_lossy();
    let args = args(url.as_str(), &["--simulate-carrier", "--carrier-step-interval", "1s"]);
    ShippingFixture::start_with(pool, args, env(start)).await
}

async fn wait_for_status(service: &ShippingFixture, order: &str, status: ShipmentStatus) {
    let wait = async {
        while service.find_by_order(order).await.unwrap().status() != status {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(30), wait).await.expect("the shipment reaches the status");
}

#[tokio::test]
async fn two_replicas_advance_shipments_step_by_step() {
    let database = testing::database(&shipping::MIGRATOR).await;
    let replicas = [
        start(database.pool(), "2026-03-01T12:00:00Z").await,
        start(database.pool(), "2026-03-01T12:00:00.5Z").await,
    ];
    let service = &replicas[0];
    let mut numbers = Vec::new();
    for n in 0..5 {
        numbers.push(service.create_default(&order(n)).await.unwrap().tracking_number);
    }
    service.cancel(&order(9)).await.unwrap();
    for status in [
        ShipmentStatus::LabelCreated,
        ShipmentStatus::PickedUp,
        ShipmentStatus::InTransit,
        ShipmentStatus::OutForDelivery,
        ShipmentStatus::Delivered,
    ] {
        for service in &replicas {
            service.env.advance(SignedDuration::from_millis(1500));
        }
        for n in 0..5 {
            wait_for_status(service, &order(n), status).await;
        }
    }
    for number in numbers {
        let descriptions = service.descriptions(&number).await;
        assert_eq!(descriptions.len(), 6, "{descriptions:?}");
    }
    let cancelled = service.find_by_order(&order(9)).await.unwrap();
    assert_eq!(cancelled.status(), ShipmentStatus::Cancelled);
    for service in replicas {
        service.stop().await;
    }
}

#[tokio::test]
async fn shipments_do_not_advance_without_simulator() {
    let database = testing::database(&shipping::MIGRATOR).await;
    let url = database.pool().connect_options().to_url_lossy();
    let args = args(url.as_str(), &["--carrier-step-interval", "1s"]);
    let service =
        ShippingFixture::start_with(database.pool(), args, env("2026-03-01T12:00:00Z")).await;
    service.create_default(&order(1)).await.unwrap();
    service.env.advance(SignedDuration::from_hours(1));
    sleep(Duration::from_millis(2500)).await;
    let shipment = service.find_by_order(&order(1)).await.unwrap();
    assert_eq!(shipment.status(), ShipmentStatus::Pending);
    service.stop().await;
}
