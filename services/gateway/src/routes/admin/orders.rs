//! `/admin/orders`: the orders of all customers.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use futures::TryFutureExt as _;
use http::StatusCode;
use proto::order::v1::{
    self, GetCheckoutRequest, GetOrderRequest, ListAllOrdersRequest, OrderStatus,
};
use proto::payment::v1::ListTransactionsRequest;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Admin;
use crate::openapi::service_route;
use crate::problem::{Code, Problem};
use crate::routes::codes::{admin, with_body};
use crate::routes::{PathId, replay};
use crate::validation::{
    Body, IdempotencyHeader, IdempotencyKey, Page, Params, TimeRange, Validator,
};
use crate::views::admin_order::{NewRefund, OrderDetail, StatusChange};
use crate::views::order::{Order, OrderList, STATUSES};

pub(super) fn routes() -> OpenApiRouter<App> {
    let get_codes = admin(&[Code::NotFound, Code::OrderNotFound]);
    let status_codes = admin(&with_body(&[
        Code::NotFound,
        Code::OrderNotFound,
        Code::Conflict,
        Code::TransitionNotAllowed,
        Code::OrderNotCancellable,
        Code::ShipmentUnderWay,
        Code::RefundInProgress,
    ]));
    let refund_codes = admin(&with_body(&[
        Code::NotFound,
        Code::OrderNotFound,
        Code::Conflict,
        Code::NothingToRefund,
        Code::RefundTooLarge,
        Code::RefundRefused,
        Code::RefundInProgress,
        Code::IdempotencyKeyReused,
    ]));
    OpenApiRouter::new()
        .routes(service_route(&admin(&[Code::InvalidRequest]), routes!(list)))
        .routes(service_route(&get_codes, routes!(get)))
        .routes(service_route(&status_codes, routes!(set_status)))
        .routes(service_route(&refund_codes, routes!(refund)))
}

/// List the orders of all customers
///
/// Newest first, including refused orders.
#[utoipa::path(
    get, path = "/orders", operation_id = "listAllOrders", tag = "admin",
    params(Page, TimeRange,
        ("status" = Option<String>, Query, example = "confirmed",
            pattern = "^(pending|confirmed|processing|shipped|delivered|cancelled|refunded)$",
            description = "Only orders in this status."),
        ("user_id" = Option<uuid::Uuid>, Query, description = "Only orders of this customer.")),
    responses((status = 200, description = "A page of orders.", body = OrderList)),
    security(("bearer" = []))
)]
async fn list(
    State(app): State<App>,
    _: Admin,
    params: Params,
) -> Result<Json<OrderList>, Problem> {
    let mut validator = Validator::new();
    let pagination = Some(params.page(&mut validator));
    let status = params.choice(&mut validator, "status", &STATUSES).unwrap_or_default();
    let user = params.uuid(&mut validator, "user_id");
    let (created_from, created_to) = params.time_range(&mut validator).bounds();
    validator.finish()?;
    let request = ListAllOrdersRequest {
        pagination,
        status_filter: status.into(),
        user_id: user.map(|id| id.to_string()).unwrap_or_default(),
        created_from,
        created_to,
    };
    let orders = app.order().list_all_orders(request).await?;
    Ok(Json(orders.into_inner().into()))
}

/// Get an order with its checkout and its payment transactions
#[utoipa::path(
    get, path = "/orders/{id}", operation_id = "getAnyOrder", tag = "admin",
    params(("id" = uuid::Uuid, Path, description = "The order.")),
    responses((status = 200, description = "The order.", body = OrderDetail)),
    security(("bearer" = []))
)]
async fn get(
    State(app): State<App>,
    _: Admin,
    PathId(id): PathId,
) -> Result<Json<OrderDetail>, Problem> {
    let id = id.to_string();
    let order = GetOrderRequest { id: id.clone(), user_id: String::new() };
    let checkout = GetCheckoutRequest { order_id: id.clone() };
    let transactions = ListTransactionsRequest { order_id: id };
    let not_found = || Problem::not_found_as(Code::OrderNotFound);
    let (mut orders, mut checkouts, mut payment) = (app.order(), app.order(), app.payment());
    let (order, checkout, transactions) = futures::try_join!(
        orders.get_order(order).map_err(not_found()),
        checkouts.get_checkout(checkout).map_err(not_found()),
        payment.list_transactions(transactions).map_err(Problem::from),
    )?;
    let transactions = transactions.into_inner().transactions;
    Ok(Json(OrderDetail::new(order.into_inner(), checkout.into_inner(), transactions)))
}

/// Change the status of an order
///
/// `confirmed` → `processing` → `shipped` → `delivered`. A pending or confirmed order can become
/// `cancelled`, which refunds the payment and releases the stock. The change to `shipped` sends a
/// mail.
#[utoipa::path(
    post, path = "/orders/{id}/status", operation_id = "setOrderStatus", tag = "admin",
    params(("id" = uuid::Uuid, Path, description = "The order.")),
    request_body = StatusChange,
    responses(
        (status = 200, description = "The updated order.", body = Order),
        (status = 202, description = "The order, which is cancelled when its checkout finishes.",
            body = Order)),
    security(("bearer" = []))
)]
async fn set_status(
    State(app): State<App>,
    Admin(caller): Admin,
    PathId(id): PathId,
    Body(body): Body<StatusChange>,
) -> Result<Response, Problem> {
    let mut validator = Validator::new();
    let request = body.validate(&mut validator, id, caller.user_id);
    let request = validator.pass(request)?;
    let is_cancel = request.status() == OrderStatus::Cancelled;
    let order = app.order().update_order_status(app.with_request_deadline(request)).await;
    let order = order.map_err(Problem::not_found_as(Code::OrderNotFound))?.into_inner();
    let status = match is_cancel && order.status() != OrderStatus::Cancelled {
        true => StatusCode::ACCEPTED,
        false => StatusCode::OK,
    };
    Ok((status, Json(Order::from(order))).into_response())
}

/// Refund an order
///
/// Refunds a part of the payment, or all that is left of it. The order becomes `refunded` when
/// nothing is left. The field `refunded` is the amount refunded so far: a refund that takes longer
/// than ten seconds continues in the background.
#[utoipa::path(
    post, path = "/orders/{id}/refund", operation_id = "refundOrder", tag = "admin",
    params(("id" = uuid::Uuid, Path, description = "The order."), IdempotencyHeader),
    request_body = NewRefund,
    responses((status = 200, description = "The updated order.", body = Order,
        headers(("Idempotency-Replayed" = String,
            description = "`true` if this is the result of an earlier request with the same key; \
                otherwise absent.")))),
    security(("bearer" = []))
)]
async fn refund(
    State(app): State<App>,
    Admin(caller): Admin,
    PathId(id): PathId,
    key: IdempotencyKey,
    Body(body): Body<NewRefund>,
) -> Result<Response, Problem> {
    let mut validator = Validator::new();
    let key = key.validate(&mut validator);
    let request = body.validate(&mut validator, id, caller.user_id, key);
    validator.finish()?;
    let order = app.order().refund_order(app.with_request_deadline(request)).await;
    let order = order.map_err(Problem::not_found_as(Code::OrderNotFound))?;
    Ok(replay::with_replay_header(order, |order: v1::Order| {
        Json(Order::from(order)).into_response()
    }))
}
