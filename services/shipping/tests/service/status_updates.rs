//! Status updates by the carrier.

use futures::future::join_all;
use jiff::SignedDuration;
use proto::shipping::v1::{self as pb, ShipmentStatus};

use crate::fixture::{ShippingFixture, fields, order, reason};

#[tokio::test]
async fn status_updates_are_listed_newest_first() {
    let database = testing::database(&shipping::MIGRATOR).await;
    let service = ShippingFixture::start(database.pool()).await;
    let number = service.create_default(&order(1)).await.unwrap().tracking_number;
    let updates = [
        (ShipmentStatus::LabelCreated, "", "Label created"),
        (ShipmentStatus::PickedUp, "Taken from the shop", "Taken from the shop"),
        (ShipmentStatus::InTransit, "", "In transit"),
        (ShipmentStatus::OutForDelivery, "", "Out for delivery"),
        (ShipmentStatus::Delivered, "", "Delivered"),
    ];
    for (status, description, _) in updates {
        service.env.advance(SignedDuration::from_hours(1));
        let request = pb::UpdateShipmentStatusRequest {
            tracking_number: number.clone(),
            status: status.into(),
            location: " Springfield ".into(),
            description: description.into(),
        };
        let moved = service.client.clone().update_shipment_status(request).await.unwrap();
        assert_eq!(moved.into_inner().status(), status);
    }
    let tracked = service.track(&number).await.unwrap();
    let newest = &tracked.events[0];
    assert_eq!((&*newest.description, &*newest.location), ("Delivered", "Springfield"));
    assert_eq!(newest.timestamp, "2026-03-01T17:00:00Z");
    let shipment = tracked.shipment.unwrap();
    assert_eq!(shipment.created_at, "2026-03-01T12:00:00Z");
    assert_eq!(shipment.shipped_at, "2026-03-01T14:00:00Z");
    assert_eq!(shipment.delivered_at, "2026-03-01T17:00:00Z");
    let mut expected = vec!["Shipment created"];
    expected.extend(updates.map(|(_, _, description)| description));
    assert_eq!(service.descriptions(&number).await, expected);
    service.stop().await;
}

#[tokio::test]
async fn repeated_status_adds_no_event_and_backward_is_refused() {
    let database = testing::database(&shipping::MIGRATOR).await;
    let service = ShippingFixture::start(database.pool()).await;
    let number = service.create_default(&order(1)).await.unwrap().tracking_number;
    let repeats = (0..5).map(|_| service.report_status(&number, ShipmentStatus::InTransit));
    for repeated in join_all(repeats).await {
        assert_eq!(repeated.unwrap().status(), ShipmentStatus::InTransit);
    }
    let first = service.track(&number).await.unwrap();
    assert_eq!(first.events.len(), 2);
    service.env.advance(SignedDuration::from_hours(1));
    service.report_status(&number, ShipmentStatus::InTransit).await.unwrap();
    let back = service.report_status(&number, ShipmentStatus::PickedUp).await;
    assert_eq!(reason(back), "shipment_further");
    assert_eq!(service.track(&number).await.unwrap(), first);

    service.report_status(&number, ShipmentStatus::Failed).await.unwrap();
    let after = service.report_status(&number, ShipmentStatus::Delivered).await;
    assert_eq!(reason(after), "shipment_ended");
    assert_eq!(
        service.descriptions(&number).await,
        ["Shipment created", "In transit", "Delivery failed"]
    );
    service.stop().await;
}

#[tokio::test]
async fn invalid_status_update_reports_all_fields() {
    let database = testing::database(&shipping::MIGRATOR).await;
    let service = ShippingFixture::start(database.pool()).await;
    let request = pb::UpdateShipmentStatusRequest {
        tracking_number: "not a number".into(),
        status: 99,
        location: "x".repeat(201),
        description: "a\nb".into(),
    };
    let wrong = fields(service.client.clone().update_shipment_status(request).await);
    assert_eq!(wrong, ["tracking_number", "status", "location", "description"]);
    service.stop().await;
}
