//! Cancellation of shipments, before and after their creation.

use proto::shipping::v1::{self as pb, ShipmentStatus};
use tonic::Code;

use crate::fixture::{ShippingFixture, code, order, reason};

#[tokio::test]
async fn shipment_is_cancellable_until_picked_up() {
    let database = testing::database(&shipping::MIGRATOR).await;
    let service = ShippingFixture::start(database.pool()).await;
    for (n, status) in [(1, ShipmentStatus::Pending), (2, ShipmentStatus::LabelCreated)] {
        let number = service.create_default(&order(n)).await.unwrap().tracking_number;
        service.report_status(&number, status).await.unwrap();
        let cancelled = service.cancel(&order(n)).await.unwrap();
        assert_eq!(cancelled.status(), ShipmentStatus::Cancelled);
        assert_eq!(cancelled.tracking_number, number);
        assert_eq!(service.cancel(&order(n)).await.unwrap(), cancelled);
        let descriptions = service.descriptions(&number).await;
        assert_eq!(descriptions.iter().filter(|text| *text == "Shipment cancelled").count(), 1);
        assert_eq!(reason(service.create_default(&order(n)).await), "shipment_cancelled");
        let picked_up = service.report_status(&number, ShipmentStatus::PickedUp).await;
        assert_eq!(reason(picked_up), "shipment_ended");
    }
    for (n, status, expected) in [
        (3, ShipmentStatus::PickedUp, "shipment_picked_up"),
        (4, ShipmentStatus::OutForDelivery, "shipment_picked_up"),
        (5, ShipmentStatus::Delivered, "shipment_ended"),
        (6, ShipmentStatus::Failed, "shipment_ended"),
    ] {
        let number = service.create_default(&order(n)).await.unwrap().tracking_number;
        service.report_status(&number, status).await.unwrap();
        assert_eq!(reason(service.cancel(&order(n)).await), expected);
        assert_eq!(service.find_by_order(&order(n)).await.unwrap().status(), status);
    }
    service.stop().await;
}

#[tokio::test]
async fn cancellation_before_creation_leaves_tombstone() {
    let database = testing::database(&shipping::MIGRATOR).await;
    let service = ShippingFixture::start(database.pool()).await;
    let cancelled = service.cancel(&order(1)).await.unwrap();
    let expected = pb::Shipment {
        id: cancelled.id.clone(),
        order_id: order(1),
        status: ShipmentStatus::Cancelled.into(),
        created_at: "2026-03-01T12:00:00Z".into(),
        ..Default::default()
    };
    assert_eq!(cancelled, expected);
    service.env.advance(jiff::SignedDuration::from_hours(24));
    assert_eq!(service.cancel(&order(1)).await.unwrap(), cancelled);
    for _ in 0..2 {
        assert_eq!(reason(service.create_default(&order(1)).await), "shipment_cancelled");
    }
    assert_eq!(service.find_by_order(&order(1)).await.unwrap(), cancelled);
    service.create_default(&order(2)).await.unwrap();
    service.stop().await;
}

#[tokio::test]
async fn concurrent_create_and_cancel_end_cancelled() {
    let database = testing::database(&shipping::MIGRATOR).await;
    let service = ShippingFixture::start(database.pool()).await;
    let mut created = 0;
    for n in 0..20 {
        let order = order(n);
        let (creation, cancelled) =
            tokio::join!(service.create_default(&order), service.cancel(&order));
        assert_eq!(cancelled.unwrap().status(), ShipmentStatus::Cancelled);
        match creation {
            Ok(_) => created += 1,
            refusal => assert_eq!(reason(refusal), "shipment_cancelled"),
        }
        let found = service.find_by_order(&order).await.unwrap();
        assert_eq!(found.status(), ShipmentStatus::Cancelled, "{created} were created first");
    }
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM shipments")
        .fetch_one(&service.pool)
        .await
        .unwrap();
    assert_eq!(rows, 20);
    service.stop().await;
}

#[tokio::test]
async fn unknown_shipment_is_not_found() {
    let database = testing::database(&shipping::MIGRATOR).await;
    let service = ShippingFixture::start(database.pool()).await;
    assert_eq!(code(service.find_by_order(&order(1)).await), Code::NotFound);
    assert_eq!(code(service.track("9400000000000000000000").await), Code::NotFound);
    let reported = service.report_status("9400000000000000000000", ShipmentStatus::PickedUp).await;
    assert_eq!(code(reported), Code::NotFound);
    service.stop().await;
}
