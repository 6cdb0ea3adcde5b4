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
use crate::check::{Body, Check, IdempotencyHeader, IdempotencyKey, Page, Params, Span};
use crate::openapi::raising;
use crate::problem::{Code, Problem};
use crate::routes::codes::{admin, with_body};
use crate::routes::{PathId, replay};
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
        .routes(raising(&admin(&[Code::InvalidRequest]), routes!(list)))
        .routes(raising(&get_codes, routes!(get)))
        .routes(raising(&status_codes, routes!(set_status)))
        .routes(raising(&refund_codes, routes!(refund)))
}

/// List the orders of all customers
///
/// Newest first, also those that were refused.
#[utoipa::path(
    get, path = "/orders", operation_id = "listAllOrders", tag = "admin",
    params(Page, Span,
        ("status" = Option<String>, Query, example = "confirmed",
            pattern = "^(pending|confirmed|processing|shipped|delivered|cancelled|refunded)$",
            description = "Only those that stand there."),
        ("user_id" = Option<uuid::Uuid>, Query, description = "Only those of this customer.")),
    responses((status = 200, description = "A page of orders.", body = OrderList)),
    security(("bearer" = []))
)]
async fn list(
    State(app): State<App>,
    _: Admin,
    params: Params,
) -> Result<Json<OrderList>, Problem> {
    let mut check = Check::new();
    let pagination = Some(params.page(&mut check));
    let status = params.choice(&mut check, "status", &STATUSES).unwrap_or_default();
    let user = params.uuid(&mut check, "user_id");
    let (created_from, created_to) = params.span(&mut check).ends();
    check.finish()?;
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

/// Get an order with its checkout and the movements of its money
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
    let missing = || Problem::where_missing_is(Code::OrderNotFound);
    let (mut orders, mut checkouts, mut payment) = (app.order(), app.order(), app.payment());
    let (order, checkout, transactions) = futures::try_join!(
        orders.get_order(order).map_err(missing()),
        checkouts.get_checkout(checkout).map_err(missing()),
        payment.list_transactions(transactions).map_err(Problem::from),
    )?;
    let transactions = transactions.into_inner().transactions;
    Ok(Json(OrderDetail::new(order.into_inner(), checkout.into_inner(), transactions)))
}

/// Move an order on
///
/// `confirmed` → `processing` → `shipped` → `delivered`; one that is pending or confirmed can become
/// `cancelled`, which gives money and stock back. Shipping it sends a mail.
#[utoipa::path(
    post, path = "/orders/{id}/status", operation_id = "setOrderStatus", tag = "admin",
    params(("id" = uuid::Uuid, Path, description = "The order.")),
    request_body = StatusChange,
    responses(
        (status = 200, description = "The order as it is now.", body = Order),
        (status = 202, description = "The order, which will be cancelled when its checkout is over.",
            body = Order)),
    security(("bearer" = []))
)]
async fn set_status(
    State(app): State<App>,
    Admin(caller): Admin,
    PathId(id): PathId,
    Body(body): Body<StatusChange>,
) -> Result<Response, Problem> {
    let mut check = Check::new();
    let request = body.read(&mut check, id, caller.user_id);
    let request = check.pass(request)?;
    let is_cancel = request.status() == OrderStatus::Cancelled;
    let order = app.order().update_order_status(app.patient(request)).await;
    let order = order.map_err(Problem::where_missing_is(Code::OrderNotFound))?.into_inner();
    let status = match is_cancel && order.status() != OrderStatus::Cancelled {
        true => StatusCode::ACCEPTED,
        false => StatusCode::OK,
    };
    Ok((status, Json(Order::from(order))).into_response())
}

/// Give money back
///
/// A part of what was paid, or all that is left of it; the order is `refunded` when nothing is left.
/// `refunded` tells what was given back so far: what takes longer than ten seconds goes on by itself.
#[utoipa::path(
    post, path = "/orders/{id}/refund", operation_id = "refundOrder", tag = "admin",
    params(("id" = uuid::Uuid, Path, description = "The order."), IdempotencyHeader),
    request_body = NewRefund,
    responses((status = 200, description = "The order as it is now.", body = Order,
        headers(("Idempotency-Replayed" = String,
            description = "`true` when this is the answer to an earlier request with the same key; \
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
    let mut check = Check::new();
    let key = key.read(&mut check);
    let request = body.read(&mut check, id, caller.user_id, key);
    check.finish()?;
    let order = app.order().refund_order(app.patient(request)).await;
    let order = order.map_err(Problem::where_missing_is(Code::OrderNotFound))?;
    Ok(replay::told(order, |order: v1::Order| Json(Order::from(order)).into_response()))
}
