//! Shipments are called off, before and after they are asked for.

use proto::shipping::v1::{self as pb, ShipmentStatus};
use sqlx::PgPool;
use tonic::Code;

use crate::depot::{Depot, code, order, refused};

#[sqlx::test(migrator = "shipping::MIGRATOR")]
async fn a_shipment_can_be_cancelled_until_the_carrier_has_it(pool: PgPool) {
    let depot = Depot::open(&pool).await;
    for (n, status) in [(1, ShipmentStatus::Pending), (2, ShipmentStatus::LabelCreated)] {
        let number = depot.ship(&order(n)).await.unwrap().tracking_number;
        depot.tell(&number, status).await.unwrap();
        let cancelled = depot.cancel(&order(n)).await.unwrap();
        assert_eq!(cancelled.status(), ShipmentStatus::Cancelled);
        assert_eq!(cancelled.tracking_number, number);
        assert_eq!(depot.cancel(&order(n)).await.unwrap(), cancelled);
        let story = depot.story(&number).await;
        assert_eq!(story.iter().filter(|told| *told == "Shipment cancelled").count(), 1);
        assert_eq!(refused(depot.ship(&order(n)).await), "shipment_cancelled");
        let picked_up = depot.tell(&number, ShipmentStatus::PickedUp).await;
        assert_eq!(refused(picked_up), "shipment_ended");
    }
    for (n, status, reason) in [
        (3, ShipmentStatus::PickedUp, "shipment_picked_up"),
        (4, ShipmentStatus::OutForDelivery, "shipment_picked_up"),
        (5, ShipmentStatus::Delivered, "shipment_ended"),
        (6, ShipmentStatus::Failed, "shipment_ended"),
    ] {
        let number = depot.ship(&order(n)).await.unwrap().tracking_number;
        depot.tell(&number, status).await.unwrap();
        assert_eq!(refused(depot.cancel(&order(n)).await), reason);
        assert_eq!(depot.of_order(&order(n)).await.unwrap().status(), status);
    }
    depot.close().await;
}

#[sqlx::test(migrator = "shipping::MIGRATOR")]
async fn a_cancellation_of_what_never_was_is_remembered(pool: PgPool) {
    let depot = Depot::open(&pool).await;
    let cancelled = depot.cancel(&order(1)).await.unwrap();
    let expected = pb::Shipment {
        id: cancelled.id.clone(),
        order_id: order(1),
        status: ShipmentStatus::Cancelled.into(),
        created_at: "2026-03-01T12:00:00Z".into(),
        ..Default::default()
    };
    assert_eq!(cancelled, expected);
    depot.env.advance(jiff::SignedDuration::from_hours(24));
    assert_eq!(depot.cancel(&order(1)).await.unwrap(), cancelled);
    for _ in 0..2 {
        assert_eq!(refused(depot.ship(&order(1)).await), "shipment_cancelled");
    }
    assert_eq!(depot.of_order(&order(1)).await.unwrap(), cancelled);
    depot.ship(&order(2)).await.unwrap();
    depot.close().await;
}

#[sqlx::test(migrator = "shipping::MIGRATOR")]
async fn of_a_creation_and_a_cancellation_at_once_nothing_is_sent(pool: PgPool) {
    let depot = Depot::open(&pool).await;
    let mut sent = 0;
    for n in 0..20 {
        let order = order(n);
        let (made, cancelled) = tokio::join!(depot.ship(&order), depot.cancel(&order));
        assert_eq!(cancelled.unwrap().status(), ShipmentStatus::Cancelled);
        match made {
            Ok(_) => sent += 1,
            refusal => assert_eq!(refused(refusal), "shipment_cancelled"),
        }
        let found = depot.of_order(&order).await.unwrap();
        assert_eq!(found.status(), ShipmentStatus::Cancelled, "{sent} were made first");
    }
    let rows: i64 =
        sqlx::query_scalar("SELECT count(*) FROM shipments").fetch_one(&depot.pool).await.unwrap();
    assert_eq!(rows, 20);
    depot.close().await;
}

#[sqlx::test(migrator = "shipping::MIGRATOR")]
async fn nobody_finds_a_shipment_that_never_was(pool: PgPool) {
    let depot = Depot::open(&pool).await;
    assert_eq!(code(depot.of_order(&order(1)).await), Code::NotFound);
    assert_eq!(code(depot.track("9400000000000000000000").await), Code::NotFound);
    let told = depot.tell("9400000000000000000000", ShipmentStatus::PickedUp).await;
    assert_eq!(code(told), Code::NotFound);
    depot.close().await;
}
