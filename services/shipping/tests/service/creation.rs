//! Creation of shipments: one for each order.

use futures::future::join_all;
use proto::common::v1::Address;
use proto::shipping::v1::get_shipment_request::Identifier;
use proto::shipping::v1::{self as pb, ShipmentStatus};
use shipping::domain::quote::Carrier;
use shipping::domain::tracking::TrackingNumber;
use sqlx::ConnectOptions;
use tonic::Code;

use crate::fixture::{
    ShippingFixture, address, args, code, create_request, env, fields, order, reason,
};

#[tokio::test]
async fn shipment_is_found_by_id_order_and_tracking_number() {
    let database = testing::database(&shipping::MIGRATOR).await;
    let service = ShippingFixture::start(database.pool()).await;
    let created = service.create_default(&order(1)).await.unwrap();
    let expected = pb::Shipment {
        id: created.id.clone(),
        order_id: order(1),
        tracking_number: created.tracking_number.clone(),
        carrier: "USPS".into(),
        service: "Priority Mail".into(),
        status: ShipmentStatus::Pending.into(),
        created_at: "2026-03-01T12:00:00Z".into(),
        ..Default::default()
    };
    assert_eq!(created, expected);
    for identifier in [
        Identifier::Id(created.id.clone()),
        Identifier::OrderId(order(1)),
        Identifier::TrackingNumber(created.tracking_number.clone()),
        Identifier::TrackingNumber(format!(" {} ", created.tracking_number)),
    ] {
        assert_eq!(service.get(identifier).await.unwrap(), created);
    }
    for identifier in [
        Identifier::Id(order(1)),
        Identifier::OrderId(created.id.clone()),
        Identifier::TrackingNumber("9400".into()),
    ] {
        assert_eq!(code(service.get(identifier).await), Code::NotFound);
    }
    let tracked = service.track(&created.tracking_number).await.unwrap();
    assert_eq!(tracked.shipment, Some(created));
    assert_eq!(tracked.events.len(), 1);
    service.stop().await;
}

#[tokio::test]
async fn retry_returns_first_shipment_and_mismatch_is_refused() {
    let database = testing::database(&shipping::MIGRATOR).await;
    let service = ShippingFixture::start(database.pool()).await;
    let request = pb::CreateShipmentRequest { from: Some(address()), ..create_request(&order(1)) };
    let first = service.create(request.clone()).await.unwrap();
    assert_eq!(service.create(request.clone()).await.unwrap(), first);
    let mut other_address = address();
    other_address.street = "2 Main Street".into();
    let others = [
        pb::CreateShipmentRequest { from: None, ..request.clone() },
        pb::CreateShipmentRequest { to: Some(other_address), ..request.clone() },
        pb::CreateShipmentRequest { weight_grams: 1201, ..request.clone() },
        pb::CreateShipmentRequest { service: "First Class".into(), ..request.clone() },
    ];
    for other in others {
        assert_eq!(reason(service.create(other).await), "shipment_mismatch");
    }
    // A retry returns the shipment in its present status.
    service.report_status(&first.tracking_number, ShipmentStatus::PickedUp).await.unwrap();
    let repeated = service.create(request).await.unwrap();
    assert_eq!((repeated.status(), repeated.id), (ShipmentStatus::PickedUp, first.id));
    service.stop().await;
}

#[tokio::test]
async fn concurrent_creations_make_one_shipment() {
    let database = testing::database(&shipping::MIGRATOR).await;
    let service = ShippingFixture::start(database.pool()).await;
    let order = order(1);
    let created = join_all((0..10).map(|_| service.create_default(&order))).await;
    let created: Vec<_> = created.into_iter().map(Result::unwrap).collect();
    assert!(created.iter().all(|shipment| *shipment == created[0]), "{created:?}");
    let rows: i64 = sqlx::query_scalar("SELECT count(*) FROM parcels")
        .fetch_one(database.pool())
        .await
        .unwrap();
    assert_eq!(rows, 1);
    service.stop().await;
}

#[tokio::test]
async fn tracking_number_has_format_of_carrier() {
    let database = testing::database(&shipping::MIGRATOR).await;
    let service = ShippingFixture::start(database.pool()).await;
    let services = [
        ("USPS", "Priority Mail", "9400"),
        ("USPS", "First Class", "9400"),
        ("FedEx", "Ground", ""),
        ("FedEx", "2-Day", ""),
        ("UPS", "Ground", "1Z"),
    ];
    for (n, (carrier, service_name, prefix)) in services.into_iter().enumerate() {
        let request = pb::CreateShipmentRequest {
            carrier: carrier.into(),
            service: service_name.into(),
            ..create_request(&order(n as u128))
        };
        let created = service.create(request).await.unwrap();
        assert_eq!((created.carrier.as_str(), created.service.as_str()), (carrier, service_name));
        let number = created.tracking_number;
        assert!(number.starts_with(prefix), "{number}");
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        assert!(carrier == "UPS" || digits, "{number}");
    }
    for (carrier, service_name) in [("UPS", "2-Day"), ("DHL", "Ground"), ("USPS", "Ground")] {
        let request = pb::CreateShipmentRequest {
            carrier: carrier.into(),
            service: service_name.into(),
            ..create_request(&order(9))
        };
        assert_eq!(fields(service.create(request).await), ["service"]);
    }
    service.stop().await;
}

#[tokio::test]
async fn taken_tracking_number_is_generated_again() {
    let database = testing::database(&shipping::MIGRATOR).await;
    let service = ShippingFixture::start(database.pool()).await;
    let first = service.create_default(&order(1)).await.unwrap();
    // The same random seed at another time: the first tracking number is the same, the ids differ.
    let seeded_env = env("2026-03-01T12:00:01Z");
    let _request_id = seeded_env.uuid();
    let number = TrackingNumber::generate(Carrier::Usps, seeded_env.bytes()).to_string();
    assert_eq!(number, first.tracking_number, "both environments generate the same number");
    let url = database.pool().connect_options().to_url_lossy();
    let replica = ShippingFixture::start_with(
        database.pool(),
        args(url.as_str(), &[]),
        env("2026-03-01T12:00:01Z"),
    )
    .await;
    let second = replica.create_default(&order(2)).await.unwrap();
    assert_ne!(first.tracking_number, second.tracking_number);
    assert_eq!(replica.find_by_order(&order(1)).await.unwrap(), first);
    replica.stop().await;
    service.stop().await;
}

/// The order was paid: a country that is no longer valid must not stop its shipment.
#[tokio::test]
async fn shipment_of_an_order_with_a_former_country_is_created() {
    let database = testing::database(&shipping::MIGRATOR).await;
    let service = ShippingFixture::start(database.pool()).await;
    let to = Some(Address { country: "UK".into(), ..address() });
    let request = pb::CreateShipmentRequest { to, ..create_request(&order(1)) };
    assert!(service.create(request).await.is_ok());
    service.stop().await;
}

#[tokio::test]
async fn invalid_creation_reports_all_fields() {
    let database = testing::database(&shipping::MIGRATOR).await;
    let service = ShippingFixture::start(database.pool()).await;
    let mut invalid_address = address();
    invalid_address.street.clear();
    invalid_address.country = "USA".into();
    let request = pb::CreateShipmentRequest {
        order_id: "1".into(),
        from: Some(invalid_address.clone()),
        to: Some(invalid_address),
        weight_grams: 0,
        carrier: String::new(),
        service: "Ground".into(),
    };
    let expected = [
        "order_id",
        "from.street",
        "from.country",
        "to.street",
        "to.country",
        "weight_grams",
        "carrier",
    ];
    assert_eq!(fields(service.create(request).await), expected);
    service.stop().await;
}
