//! One shipment an order.

use futures::future::join_all;
use proto::shipping::v1::{self as pb, ShipmentStatus, get_shipment_request::Identifier};
use shipping::domain::{quote::Carrier, tracking::TrackingNumber};
use sqlx::{ConnectOptions, PgPool};
use tonic::Code;

use crate::depot::{Depot, address, args, code, env, fields, order, parcel, refused};

#[sqlx::test(migrator = "shipping::MIGRATOR")]
async fn a_shipment_is_found_by_id_order_and_tracking_number(pool: PgPool) {
    let depot = Depot::open(&pool).await;
    let made = depot.ship(&order(1)).await.unwrap();
    let expected = pb::Shipment {
        id: made.id.clone(),
        order_id: order(1),
        tracking_number: made.tracking_number.clone(),
        carrier: "USPS".into(),
        service: "Priority Mail".into(),
        status: ShipmentStatus::Pending.into(),
        created_at: "2026-03-01T12:00:00Z".into(),
        ..Default::default()
    };
    assert_eq!(made, expected);
    for identifier in [
        Identifier::Id(made.id.clone()),
        Identifier::OrderId(order(1)),
        Identifier::TrackingNumber(made.tracking_number.clone()),
        Identifier::TrackingNumber(format!(" {} ", made.tracking_number)),
    ] {
        assert_eq!(depot.get(identifier).await.unwrap(), made);
    }
    for identifier in [
        Identifier::Id(order(1)),
        Identifier::OrderId(made.id.clone()),
        Identifier::TrackingNumber("9400".into()),
    ] {
        assert_eq!(code(depot.get(identifier).await), Code::NotFound);
    }
    let tracked = depot.track(&made.tracking_number).await.unwrap();
    assert_eq!(tracked.shipment, Some(made));
    assert_eq!(tracked.events.len(), 1);
    depot.close().await;
}

#[sqlx::test(migrator = "shipping::MIGRATOR")]
async fn a_repeat_answers_the_first_shipment_and_another_one_is_refused(pool: PgPool) {
    let depot = Depot::open(&pool).await;
    let request = pb::CreateShipmentRequest { from: Some(address()), ..parcel(&order(1)) };
    let first = depot.create(request.clone()).await.unwrap();
    assert_eq!(depot.create(request.clone()).await.unwrap(), first);
    let mut elsewhere = address();
    elsewhere.street = "2 Main Street".into();
    let others = [
        pb::CreateShipmentRequest { from: None, ..request.clone() },
        pb::CreateShipmentRequest { to: Some(elsewhere), ..request.clone() },
        pb::CreateShipmentRequest { weight_grams: 1201, ..request.clone() },
        pb::CreateShipmentRequest { service: "First Class".into(), ..request.clone() },
    ];
    for other in others {
        assert_eq!(refused(depot.create(other).await), "shipment_mismatch");
    }
    // Also when it has moved on: the answer is the shipment as it is now.
    depot.tell(&first.tracking_number, ShipmentStatus::PickedUp).await.unwrap();
    let repeated = depot.create(request).await.unwrap();
    assert_eq!((repeated.status(), repeated.id), (ShipmentStatus::PickedUp, first.id));
    depot.close().await;
}

#[sqlx::test(migrator = "shipping::MIGRATOR")]
async fn an_order_that_is_shipped_many_times_at_once_has_one_shipment(pool: PgPool) {
    let depot = Depot::open(&pool).await;
    let order = order(1);
    let made = join_all((0..10).map(|_| depot.ship(&order))).await;
    let made: Vec<_> = made.into_iter().map(Result::unwrap).collect();
    assert!(made.iter().all(|shipment| *shipment == made[0]), "{made:?}");
    let rows: i64 =
        sqlx::query_scalar("SELECT count(*) FROM parcels").fetch_one(&pool).await.unwrap();
    assert_eq!(rows, 1);
    depot.close().await;
}

#[sqlx::test(migrator = "shipping::MIGRATOR")]
async fn each_carrier_has_numbers_of_its_own_form(pool: PgPool) {
    let depot = Depot::open(&pool).await;
    let services = [
        ("USPS", "Priority Mail", "9400"),
        ("USPS", "First Class", "9400"),
        ("FedEx", "Ground", ""),
        ("FedEx", "2-Day", ""),
        ("UPS", "Ground", "1Z"),
    ];
    for (n, (carrier, service, prefix)) in services.into_iter().enumerate() {
        let request = pb::CreateShipmentRequest {
            carrier: carrier.into(),
            service: service.into(),
            ..parcel(&order(n as u128))
        };
        let made = depot.create(request).await.unwrap();
        assert_eq!((made.carrier.as_str(), made.service.as_str()), (carrier, service));
        let number = made.tracking_number;
        assert!(number.starts_with(prefix), "{number}");
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        assert!(carrier == "UPS" || digits, "{number}");
    }
    for (carrier, service) in [("UPS", "2-Day"), ("DHL", "Ground"), ("USPS", "Ground")] {
        let request = pb::CreateShipmentRequest {
            carrier: carrier.into(),
            service: service.into(),
            ..parcel(&order(9))
        };
        assert_eq!(fields(depot.create(request).await), ["service"]);
    }
    depot.close().await;
}

#[sqlx::test(migrator = "shipping::MIGRATOR")]
async fn a_number_that_is_taken_is_drawn_again(pool: PgPool) {
    let depot = Depot::open(&pool).await;
    let first = depot.ship(&order(1)).await.unwrap();
    // The same chance at another time of day: the same number first, and other ids.
    let chance = env("2026-03-01T12:00:01Z");
    let _request_id = chance.uuid();
    let number = TrackingNumber::draw(Carrier::Usps, chance.bytes()).to_string();
    assert_eq!(number, first.tracking_number, "it would not be drawn twice");
    let url = pool.connect_options().to_url_lossy();
    let twin = Depot::open_with(&pool, args(url.as_str(), &[]), env("2026-03-01T12:00:01Z")).await;
    let second = twin.ship(&order(2)).await.unwrap();
    assert_ne!(first.tracking_number, second.tracking_number);
    assert_eq!(twin.of_order(&order(1)).await.unwrap(), first);
    twin.close().await;
    depot.close().await;
}

#[sqlx::test(migrator = "shipping::MIGRATOR")]
async fn what_is_wrong_with_a_shipment_is_named_all_at_once(pool: PgPool) {
    let depot = Depot::open(&pool).await;
    let mut nowhere = address();
    nowhere.street.clear();
    nowhere.country = "USA".into();
    let request = pb::CreateShipmentRequest {
        order_id: "1".into(),
        from: Some(nowhere.clone()),
        to: Some(nowhere),
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
    assert_eq!(fields(depot.create(request).await), expected);
    depot.close().await;
}
