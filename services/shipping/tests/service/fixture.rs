//! Test fixture: a running shipping service, and methods for the requests of tests.

use jiff::Timestamp;
use kit::{Env, Runtime};
use proto::common::v1::Address;
use proto::shipping::v1::get_shipment_request::Identifier;
use proto::shipping::v1::shipping_service_client::ShippingServiceClient;
use proto::shipping::v1::{self as pb, ShipmentStatus};
use shipping::Args;
use sqlx::{ConnectOptions, PgPool};
use testing::RunningService;
pub(crate) use testing::{code, fields, reason};
use tonic::transport::Channel;
use tonic::{Response, Status};
use uuid::Uuid;

/// Returns the settings of a service on the database at `url`. The timeouts are long, so that tests
/// pass on a busy machine.
pub(crate) fn args(url: &str, extra_args: &[&str]) -> Args {
    testing::settings_with_database(url, extra_args)
}

/// Running shipping service, whose clock the test controls.
pub(crate) struct ShippingFixture {
    pub(crate) client: ShippingServiceClient<Channel>,
    pub(crate) env: Env,
    pub(crate) pool: PgPool,
    server: RunningService,
}

impl ShippingFixture {
    /// Starts the service on the database of a test.
    pub(crate) async fn start(pool: &PgPool) -> Self {
        let url = pool.connect_options().to_url_lossy();
        Self::start_with(pool, args(url.as_str(), &[]), env("2026-03-01T12:00:00Z")).await
    }

    /// Starts the service with other settings, clock and random seed.
    pub(crate) async fn start_with(pool: &PgPool, args: Args, env: Env) -> Self {
        let mut runtime = Runtime::for_tests();
        runtime.env = env.clone();
        let server = RunningService::start(runtime, |listener, runtime| {
            shipping::serve_on(listener, args, runtime)
        })
        .await;
        let client = ShippingServiceClient::connect(server.url()).await.unwrap();
        Self { client, env, pool: pool.clone(), server }
    }

    /// Shuts down gracefully. Connections that stay open would keep the test's database alive.
    pub(crate) async fn stop(self) {
        drop(self.client);
        self.server.stop().await;
    }

    pub(crate) async fn create(
        &self,
        request: pb::CreateShipmentRequest,
    ) -> Result<pb::Shipment, Status> {
        self.client.clone().create_shipment(request).await.map(Response::into_inner)
    }

    /// Creates the default shipment of an order.
    pub(crate) async fn create_default(&self, order: &str) -> Result<pb::Shipment, Status> {
        self.create(create_request(order)).await
    }

    pub(crate) async fn cancel(&self, order: &str) -> Result<pb::Shipment, Status> {
        let request = pb::CancelShipmentRequest { order_id: order.into() };
        self.client.clone().cancel_shipment(request).await.map(Response::into_inner)
    }

    pub(crate) async fn get(&self, identifier: Identifier) -> Result<pb::Shipment, Status> {
        let request = pb::GetShipmentRequest { identifier: Some(identifier) };
        self.client.clone().get_shipment(request).await.map(Response::into_inner)
    }

    pub(crate) async fn find_by_order(&self, order: &str) -> Result<pb::Shipment, Status> {
        self.get(Identifier::OrderId(order.into())).await
    }

    pub(crate) async fn track(&self, number: &str) -> Result<pb::TrackShipmentResponse, Status> {
        let request = pb::TrackShipmentRequest { tracking_number: number.into() };
        self.client.clone().track_shipment(request).await.map(Response::into_inner)
    }

    /// Reports a status as the carrier does, without location and description.
    pub(crate) async fn report_status(
        &self,
        number: &str,
        status: ShipmentStatus,
    ) -> Result<pb::Shipment, Status> {
        let request = pb::UpdateShipmentStatusRequest {
            tracking_number: number.into(),
            status: status.into(),
            ..Default::default()
        };
        self.client.clone().update_shipment_status(request).await.map(Response::into_inner)
    }

    /// Returns the descriptions of a parcel's events, oldest first.
    pub(crate) async fn descriptions(&self, number: &str) -> Vec<String> {
        let events = self.track(number).await.unwrap().events;
        events.into_iter().rev().map(|event| event.description).collect()
    }
}

/// Returns an environment whose clock stands at `start`, always with the same random seed.
pub(crate) fn env(start: &str) -> Env {
    let start: Timestamp = start.parse().unwrap();
    Env::fixed(start, 7)
}

pub(crate) fn address() -> Address {
    Address {
        street: "1 Main Street".into(),
        city: "Springfield".into(),
        state: "IL".into(),
        zip_code: "62701".into(),
        country: "US".into(),
        recipient: "A Customer".into(),
    }
}

/// Returns the default request to create the shipment of an order.
pub(crate) fn create_request(order: &str) -> pb::CreateShipmentRequest {
    pb::CreateShipmentRequest {
        order_id: order.into(),
        from: None,
        to: Some(address()),
        weight_grams: 1200,
        carrier: "USPS".into(),
        service: "Priority Mail".into(),
    }
}

/// Returns the id of an order by number.
pub(crate) fn order(n: u128) -> String {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 | n).to_string()
}
