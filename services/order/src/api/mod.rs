//! The gRPC service: each method reads the request, asks the rules and the records, writes the answer.

mod fields;
mod read;
mod render;

use std::sync::Arc;

use jiff::SignedDuration;
use kit::Env;
use money::{Currency, Money};
use proto::order::v1::{self as pb, order_service_server::OrderService};
use tonic::{Request, Response, Status, metadata::MetadataValue};

use crate::{
    domain::{
        event::By,
        ids::{OrderId, UserId},
        refund::Step,
        status::Status as OrderStatus,
    },
    driver::Inline,
    error::Error,
    ordering::Ordering,
    store,
    transactions::{Created, Records},
};

/// Tells callers that the answer is that of an earlier request.
pub(crate) const REPLAYED: &str = "idempotency-replayed";

/// A flow that asks the same for so long needs people. Longer than any service takes to restart.
pub(crate) const STUCK_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// What the service stands on.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) records: Arc<Records>,
    pub(crate) ordering: Ordering,
    pub(crate) inline: Inline,
    pub(crate) env: Env,
    pub(crate) currency: Currency,
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl OrderService for Api {
    async fn create_order(&self, request: Request<pb::CreateOrderRequest>) -> Answer<pb::Order> {
        let wanted = read::create(request.get_ref())?;
        let created = self.ordering.place(&wanted).await?;
        let (id, replayed) = (created.id(), matches!(created, Created::Known(_)));
        let claimed = match created {
            Created::New(claimed) => Some(*claimed),
            Created::Known(_) => None,
        };
        self.inline.drive(id, claimed).await;
        let told = self.records.read(id, None).await?;
        Ok(replay(render::order(told), replayed))
    }

    async fn get_order(&self, request: Request<pb::GetOrderRequest>) -> Answer<pb::Order> {
        let (id, user) = read::get(request.get_ref())?;
        let told = self.records.read(id, user).await?;
        Ok(Response::new(render::order(told)))
    }

    async fn list_orders(
        &self,
        request: Request<pb::ListOrdersRequest>,
    ) -> Answer<pb::ListOrdersResponse> {
        let (filter, page) = read::list(request.get_ref())?;
        let found = self.records.list(&filter, page).await?;
        Ok(Response::new(render::page(found, page)))
    }

    async fn list_all_orders(
        &self,
        request: Request<pb::ListAllOrdersRequest>,
    ) -> Answer<pb::ListOrdersResponse> {
        let (filter, page) = read::list_all(request.get_ref())?;
        let found = self.records.list(&filter, page).await?;
        Ok(Response::new(render::page(found, page)))
    }

    async fn update_order_status(
        &self,
        request: Request<pb::UpdateOrderStatusRequest>,
    ) -> Answer<pb::Order> {
        let (id, to, by) = read::update(request.get_ref())?;
        if to == OrderStatus::Cancelled {
            return self.cancel(id, None, by).await;
        }
        self.records.go(id, to, by).await?;
        let told = self.records.read(id, None).await?;
        Ok(Response::new(render::order(told)))
    }

    async fn cancel_order(&self, request: Request<pb::CancelOrderRequest>) -> Answer<pb::Order> {
        let (id, user, by) = read::cancel(request.get_ref())?;
        self.cancel(id, user, by).await
    }

    async fn refund_order(&self, request: Request<pb::RefundOrderRequest>) -> Answer<pb::Order> {
        let wanted = read::refund(request.get_ref(), self.currency)?;
        let (refund, replayed) = self.records.refund(&wanted).await?;
        self.inline.drive(wanted.order, None).await;
        if self.records.refund_step(refund).await? == Step::Refused {
            return Err(Error::RefundRefused.into());
        }
        let told = self.records.read(wanted.order, None).await?;
        Ok(replay(render::order(told), replayed))
    }

    async fn get_checkout(
        &self,
        request: Request<pb::GetCheckoutRequest>,
    ) -> Answer<pb::GetCheckoutResponse> {
        let order = read::checkout(request.get_ref())?;
        let mut conn = self.records.pool.acquire().await.map_err(Error::from)?;
        let found = store::checkouts::find(&mut conn, order).await?;
        let (checkout, error) = found.ok_or(Error::NotFound("order"))?;
        Ok(Response::new(render::checkout(checkout, error)))
    }

    async fn get_stats(
        &self,
        request: Request<pb::GetStatsRequest>,
    ) -> Answer<pb::GetStatsResponse> {
        let span = read::stats(request.get_ref())?;
        let now = self.env.now();
        let mut conn = self.records.pool.acquire().await.map_err(Error::from)?;
        let figures = store::stats::figures(&mut conn, self.currency, span).await?;
        let backlog = store::stats::backlog(&mut conn, now, now - STUCK_AFTER).await?;
        let money = |cents| Some(wire::render::money(Money::new(cents, self.currency)));
        Ok(Response::new(pb::GetStatsResponse {
            orders: figures.orders,
            revenue: money(figures.revenue_cents),
            average_order: money(figures.average_cents()),
            refunded: money(figures.refunded_cents),
            stuck_checkouts: backlog.stuck,
        }))
    }
}

impl Api {
    async fn cancel(&self, id: OrderId, user: Option<UserId>, by: By) -> Answer<pb::Order> {
        self.records.cancel(id, user, by).await?;
        self.inline.drive(id, None).await;
        let told = self.records.read(id, user).await?;
        if told.0.status != OrderStatus::Cancelled && self.records.cancel_was_refused(id).await? {
            return Err(Error::ShipmentUnderWay.into());
        }
        Ok(Response::new(render::order(told)))
    }
}

fn replay(order: pb::Order, replayed: bool) -> Response<pb::Order> {
    let mut response = Response::new(order);
    if replayed {
        response.metadata_mut().insert(REPLAYED, MetadataValue::from_static("true"));
    }
    response
}
