//! What the carrier tells moves a shipment on.

use futures::future::join_all;
use jiff::SignedDuration;
use proto::shipping::v1::{self as pb, ShipmentStatus};
use sqlx::PgPool;

use crate::depot::{Depot, fields, order, refused};

#[sqlx::test(migrator = "shipping::MIGRATOR")]
async fn a_parcel_travels_and_its_story_is_told_newest_first(pool: PgPool) {
    let depot = Depot::open(&pool).await;
    let number = depot.ship(&order(1)).await.unwrap().tracking_number;
    let told = [
        (ShipmentStatus::LabelCreated, "", "Label created"),
        (ShipmentStatus::PickedUp, "Taken from the shop", "Taken from the shop"),
        (ShipmentStatus::InTransit, "", "In transit"),
        (ShipmentStatus::OutForDelivery, "", "Out for delivery"),
        (ShipmentStatus::Delivered, "", "Delivered"),
    ];
    for (status, description, _) in told {
        depot.env.advance(SignedDuration::from_hours(1));
        let request = pb::UpdateShipmentStatusRequest {
            tracking_number: number.clone(),
            status: status.into(),
            location: " Springfield ".into(),
            description: description.into(),
        };
        let moved = depot.client.clone().update_shipment_status(request).await.unwrap();
        assert_eq!(moved.into_inner().status(), status);
    }
    let tracked = depot.track(&number).await.unwrap();
    let newest = &tracked.events[0];
    assert_eq!((&*newest.description, &*newest.location), ("Delivered", "Springfield"));
    assert_eq!(newest.timestamp, "2026-03-01T17:00:00Z");
    let shipment = tracked.shipment.unwrap();
    assert_eq!(shipment.created_at, "2026-03-01T12:00:00Z");
    assert_eq!(shipment.shipped_at, "2026-03-01T14:00:00Z");
    assert_eq!(shipment.delivered_at, "2026-03-01T17:00:00Z");
    let mut expected = vec!["Shipment created"];
    expected.extend(told.map(|(_, _, description)| description));
    assert_eq!(depot.story(&number).await, expected);
    depot.close().await;
}

#[sqlx::test(migrator = "shipping::MIGRATOR")]
async fn a_repeat_is_no_second_event_and_nothing_goes_back(pool: PgPool) {
    let depot = Depot::open(&pool).await;
    let number = depot.ship(&order(1)).await.unwrap().tracking_number;
    let repeats = (0..5).map(|_| depot.tell(&number, ShipmentStatus::InTransit));
    for repeated in join_all(repeats).await {
        assert_eq!(repeated.unwrap().status(), ShipmentStatus::InTransit);
    }
    let first = depot.track(&number).await.unwrap();
    assert_eq!(first.events.len(), 2);
    depot.env.advance(SignedDuration::from_hours(1));
    depot.tell(&number, ShipmentStatus::InTransit).await.unwrap();
    let back = depot.tell(&number, ShipmentStatus::PickedUp).await;
    assert_eq!(refused(back), "shipment_further");
    assert_eq!(depot.track(&number).await.unwrap(), first);

    depot.tell(&number, ShipmentStatus::Failed).await.unwrap();
    let after = depot.tell(&number, ShipmentStatus::Delivered).await;
    assert_eq!(refused(after), "shipment_ended");
    assert_eq!(depot.story(&number).await, ["Shipment created", "In transit", "Delivery failed"]);
    depot.close().await;
}

#[sqlx::test(migrator = "shipping::MIGRATOR")]
async fn a_status_that_there_is_not_and_texts_too_long_are_refused(pool: PgPool) {
    let depot = Depot::open(&pool).await;
    let request = pb::UpdateShipmentStatusRequest {
        tracking_number: "not a number".into(),
        status: 99,
        location: "x".repeat(201),
        description: "a\nb".into(),
    };
    let wrong = fields(depot.client.clone().update_shipment_status(request).await);
    assert_eq!(wrong, ["tracking_number", "status", "location", "description"]);
    depot.close().await;
}
