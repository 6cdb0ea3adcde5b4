//! The gRPC service: each method parses the request, calls the domain and the repository, and
//! renders the response.

mod fields;
mod read;
mod render;
mod watch;

use std::sync::Arc;

use jiff::SignedDuration;
use kit::Env;
use money::{Currency, Money};
use proto::order::v1 as pb;
use proto::order::v1::order_service_server::OrderService;
use tonic::metadata::MetadataValue;
use tonic::{Request, Response, Status};

use crate::domain::event::Actor;
use crate::domain::ids::{OrderId, UserId};
use crate::domain::refund::Step;
use crate::domain::status::Status as OrderStatus;
use crate::error::Error;
use crate::place_order::OrderPlacement;
use crate::saga::InlineExecutor;
use crate::store;
use crate::transactions::{Created, OrderRepository};

pub(crate) use watch::{OrderStream, OrderStreams};

/// Metadata key that marks the response to an earlier request.
pub(crate) const REPLAYED_KEY: &str = "idempotency-replayed";

/// A saga that retries one step for this long needs an administrator. It is longer than any service
/// takes to restart.
pub(crate) const STUCK_AFTER: SignedDuration = SignedDuration::from_mins(5);

/// Dependencies of the RPC methods.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    pub(crate) repository: Arc<OrderRepository>,
    pub(crate) placement: OrderPlacement,
    pub(crate) inline: InlineExecutor,
    pub(crate) streams: OrderStreams,
    pub(crate) env: Env,
    pub(crate) currency: Currency,
}

type RpcResult<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl OrderService for Api {
    async fn create_order(&self, request: Request<pb::CreateOrderRequest>) -> RpcResult<pb::Order> {
        let order_request = read::create(request.get_ref(), self.currency)?;
        let created = self.placement.place(&order_request).await?;
        let (id, replayed) = (created.id(), matches!(created, Created::Existing(_)));
        let claimed = match created {
            Created::New(claimed) => Some(*claimed),
            Created::Existing(_) => None,
        };
        self.inline.advance(id, claimed).await;
        let order = self.repository.read(id, None).await?;
        Ok(with_replay_metadata(render::order(order), replayed))
    }

    async fn preview_order(
        &self,
        request: Request<pb::PreviewOrderRequest>,
    ) -> RpcResult<pb::OrderPreview> {
        let priced = self.placement.preview(&read::preview(request.get_ref())?).await?;
        Ok(Response::new(render::preview(priced)))
    }

    async fn get_order(&self, request: Request<pb::GetOrderRequest>) -> RpcResult<pb::Order> {
        let (id, user) = read::get(request.get_ref())?;
        let order = self.repository.read(id, user).await?;
        Ok(Response::new(render::order(order)))
    }

    type WatchOrderStream = OrderStream;

    async fn watch_order(&self, request: Request<pb::WatchOrderRequest>) -> RpcResult<OrderStream> {
        let (id, user) = read::watch(request.get_ref())?;
        let stream = self.streams.open(id, user).await?;
        Ok(Response::new(stream))
    }

    async fn list_orders(
        &self,
        request: Request<pb::ListOrdersRequest>,
    ) -> RpcResult<pb::ListOrdersResponse> {
        let (filter, page) = read::list(request.get_ref())?;
        let found = self.repository.list(&filter, page).await?;
        Ok(Response::new(render::page(found, page)))
    }

    async fn list_all_orders(
        &self,
        request: Request<pb::ListAllOrdersRequest>,
    ) -> RpcResult<pb::ListOrdersResponse> {
        let (filter, page) = read::list_all(request.get_ref())?;
        let found = self.repository.list(&filter, page).await?;
        Ok(Response::new(render::page(found, page)))
    }

    async fn update_order_status(
        &self,
        request: Request<pb::UpdateOrderStatusRequest>,
    ) -> RpcResult<pb::Order> {
        let (id, to, actor) = read::update(request.get_ref())?;
        if to == OrderStatus::Cancelled {
            return self.cancel(id, None, actor).await;
        }
        self.repository.change_status(id, to, actor).await?;
        let order = self.repository.read(id, None).await?;
        Ok(Response::new(render::order(order)))
    }

    async fn cancel_order(&self, request: Request<pb::CancelOrderRequest>) -> RpcResult<pb::Order> {
        let (id, user, actor) = read::cancel(request.get_ref())?;
        self.cancel(id, user, actor).await
    }

    async fn refund_order(&self, request: Request<pb::RefundOrderRequest>) -> RpcResult<pb::Order> {
        let refund_request = read::refund(request.get_ref(), self.currency)?;
        let (refund, replayed) = self.repository.begin_refund(&refund_request).await?;
        self.inline.advance(refund_request.order, None).await;
        if self.repository.refund_step(refund).await? == Step::Refused {
            return Err(Error::RefundRefused.into());
        }
        let order = self.repository.read(refund_request.order, None).await?;
        Ok(with_replay_metadata(render::order(order), replayed))
    }

    async fn get_checkout(
        &self,
        request: Request<pb::GetCheckoutRequest>,
    ) -> RpcResult<pb::GetCheckoutResponse> {
        let order = read::checkout(request.get_ref())?;
        let mut conn = self.repository.pool.acquire().await.map_err(Error::from)?;
        let found = store::checkouts::find(&mut conn, order).await?;
        let (checkout, error) = found.ok_or(Error::NotFound("order"))?;
        Ok(Response::new(render::checkout(checkout, error)))
    }

    async fn get_stats(
        &self,
        request: Request<pb::GetStatsRequest>,
    ) -> RpcResult<pb::GetStatsResponse> {
        let time_range = read::stats(request.get_ref())?;
        let now = self.env.now();
        let mut conn = self.repository.pool.acquire().await.map_err(Error::from)?;
        let totals = store::stats::sales_totals(&mut conn, self.currency, time_range).await?;
        let backlog = store::stats::backlog(&mut conn, now, now - STUCK_AFTER).await?;
        let money = |cents| Some(wire::render::money(Money::new(cents, self.currency)));
        Ok(Response::new(pb::GetStatsResponse {
            orders: totals.orders,
            revenue: money(totals.revenue_cents),
            average_order: money(totals.average_cents()),
            refunded: money(totals.refunded_cents),
            stuck_checkouts: backlog.stuck,
        }))
    }
}

impl Api {
    async fn cancel(
        &self,
        id: OrderId,
        user: Option<UserId>,
        actor: Actor,
    ) -> RpcResult<pb::Order> {
        self.repository.cancel(id, user, actor).await?;
        self.inline.advance(id, None).await;
        let order = self.repository.read(id, user).await?;
        if order.0.status != OrderStatus::Cancelled
            && self.repository.cancel_was_refused(id).await?
        {
            return Err(Error::ShipmentUnderWay.into());
        }
        Ok(Response::new(render::order(order)))
    }
}

fn with_replay_metadata(order: pb::Order, replayed: bool) -> Response<pb::Order> {
    let mut response = Response::new(order);
    if replayed {
        response.metadata_mut().insert(REPLAYED_KEY, MetadataValue::from_static("true"));
    }
    response
}
