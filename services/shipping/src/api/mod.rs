//! The gRPC service. Each method validates the request, calls the rules and the store, and renders
//! the response.

mod render;
mod requests;

use kit::Env;
use kit::postgres::traced;
use money::{Currency, PriceLevel};
use proto::shipping::v1 as pb;
use proto::shipping::v1::shipping_service_server::ShippingService;
use sqlx::PgPool;
use tonic::{Request, Response, Status};

use crate::domain::quote::quotes;
use crate::error::Error;
use crate::metrics::Metrics;
use crate::shipments::{self, ShipmentUpdate};
use crate::store;

/// Dependencies of the RPC handlers.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) pool: PgPool,
    pub(crate) env: Env,
    pub(crate) currency: Currency,
    pub(crate) price_level: PriceLevel,
    pub(crate) metrics: Metrics,
}

type GrpcResult<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl ShippingService for Api {
    async fn get_quote(
        &self,
        request: Request<pb::GetQuoteRequest>,
    ) -> GrpcResult<pb::GetQuoteResponse> {
        let weight = requests::quote(request.get_ref())?;
        let quotes = quotes(weight, self.currency, self.price_level);
        let quotes = quotes.into_iter().map(render::quote).collect();
        Ok(Response::new(pb::GetQuoteResponse { quotes }))
    }

    async fn create_shipment(
        &self,
        request: Request<pb::CreateShipmentRequest>,
    ) -> GrpcResult<pb::Shipment> {
        let (order, consignment) = requests::create(request.get_ref())?;
        let created = traced(
            "shipping.create",
            shipments::create(&self.pool, &self.env, order, &consignment),
        )
        .await;
        self.respond(created?)
    }

    async fn get_shipment(
        &self,
        request: Request<pb::GetShipmentRequest>,
    ) -> GrpcResult<pb::Shipment> {
        let key = requests::get(request.into_inner())?;
        let mut conn = self.pool.acquire().await.map_err(Error::from)?;
        let found = traced("shipping.find", store::shipments::find(&mut conn, &key)).await?;
        let shipment = found.ok_or(Error::NotFound("shipment"))?;
        Ok(Response::new(render::shipment(shipment)))
    }

    async fn track_shipment(
        &self,
        request: Request<pb::TrackShipmentRequest>,
    ) -> GrpcResult<pb::TrackShipmentResponse> {
        let number = requests::track(request.get_ref())?;
        let (shipment, events) =
            traced("shipping.track", shipments::track(&self.pool, number)).await?;
        Ok(Response::new(pb::TrackShipmentResponse {
            shipment: Some(render::shipment(shipment)),
            events: events.into_iter().map(render::event).collect(),
        }))
    }

    async fn cancel_shipment(
        &self,
        request: Request<pb::CancelShipmentRequest>,
    ) -> GrpcResult<pb::Shipment> {
        let order = requests::cancel(request.get_ref())?;
        let cancelled =
            traced("shipping.cancel", shipments::cancel(&self.pool, &self.env, order)).await;
        self.respond(cancelled?)
    }

    async fn update_shipment_status(
        &self,
        request: Request<pb::UpdateShipmentStatusRequest>,
    ) -> GrpcResult<pb::Shipment> {
        let (number, event) = requests::update(request.get_ref())?;
        let updated = traced(
            "shipping.update_status",
            shipments::update_status(&self.pool, &self.env, number, &event),
        )
        .await;
        self.respond(updated?)
    }
}

impl Api {
    fn respond(
        &self,
        ShipmentUpdate { shipment, changed }: ShipmentUpdate,
    ) -> GrpcResult<pb::Shipment> {
        if changed {
            self.metrics.count_status(shipment.status);
        }
        Ok(Response::new(render::shipment(shipment)))
    }
}
