//! The carrier that is played.

use std::time::Duration;

use jiff::SignedDuration;
use proto::shipping::v1::ShipmentStatus;
use sqlx::{ConnectOptions, PgPool};
use tokio::time::{sleep, timeout};

use crate::depot::{Depot, args, env, order};

async fn open(pool: &PgPool, start: &str) -> Depot {
    let url = pool.connect_options().to_url_lossy();
    let args = args(url.as_str(), &["--simulate-carrier", "--carrier-step-interval", "1s"]);
    Depot::open_with(pool, args, env(start)).await
}

async fn reaches(depot: &Depot, order: &str, status: ShipmentStatus) {
    let wait = async {
        while depot.of_order(order).await.unwrap().status() != status {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(30), wait).await.expect("the parcel to get there");
}

#[sqlx::test(migrator = "shipping::MIGRATOR")]
async fn parcels_are_delivered_step_by_step_also_by_two_replicas(pool: PgPool) {
    let depots =
        [open(&pool, "2026-03-01T12:00:00Z").await, open(&pool, "2026-03-01T12:00:00.5Z").await];
    let depot = &depots[0];
    let mut numbers = Vec::new();
    for n in 0..5 {
        numbers.push(depot.ship(&order(n)).await.unwrap().tracking_number);
    }
    depot.cancel(&order(9)).await.unwrap();
    for status in [
        ShipmentStatus::LabelCreated,
        ShipmentStatus::PickedUp,
        ShipmentStatus::InTransit,
        ShipmentStatus::OutForDelivery,
        ShipmentStatus::Delivered,
    ] {
        for depot in &depots {
            depot.env.advance(SignedDuration::from_millis(1500));
        }
        for n in 0..5 {
            reaches(depot, &order(n), status).await;
        }
    }
    for number in numbers {
        let story = depot.story(&number).await;
        assert_eq!(story.len(), 6, "{story:?}");
    }
    let off = depot.of_order(&order(9)).await.unwrap();
    assert_eq!(off.status(), ShipmentStatus::Cancelled);
    for depot in depots {
        depot.close().await;
    }
}

#[sqlx::test(migrator = "shipping::MIGRATOR")]
async fn nothing_moves_by_itself_unless_it_is_asked_for(pool: PgPool) {
    let url = pool.connect_options().to_url_lossy();
    let args = args(url.as_str(), &["--carrier-step-interval", "1s"]);
    let depot = Depot::open_with(&pool, args, env("2026-03-01T12:00:00Z")).await;
    depot.ship(&order(1)).await.unwrap();
    depot.env.advance(SignedDuration::from_hours(1));
    sleep(Duration::from_millis(2500)).await;
    let shipment = depot.of_order(&order(1)).await.unwrap();
    assert_eq!(shipment.status(), ShipmentStatus::Pending);
    depot.close().await;
}
