//! `/orders`: what the caller bought.

mod outcome;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use kit::grpc::status::violations_of;
use kit::problem::FieldError;
use proto::common::v1::Address;
use proto::order::v1::{CancelOrderRequest, GetOrderRequest, ListOrdersRequest, OrderStatus};
use proto::shipping::v1::TrackShipmentRequest;
use proto::user::v1::ListAddressesRequest;
use tonic::Status;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::codes::{signed_in, with_body};
use super::{PathId, replay};
use crate::app::App;
use crate::auth::{Caller, SignedIn};
use crate::check::{Body, Check, IdempotencyHeader, IdempotencyKey, Page, Params};
use crate::openapi::raising;
use crate::problem::{Code, Problem};
use crate::views::new_order::{Cancellation, Destination, NewOrder};
use crate::views::order::{Order, OrderList, STATUSES};
use crate::views::tracking::Tracking;

pub(super) fn routes() -> OpenApiRouter<App> {
    let create_codes = signed_in(&with_body(&[
        Code::PaymentDeclined,
        Code::UserNotFound,
        Code::AddressNotFound,
        Code::PaymentMethodNotFound,
        Code::CartEmpty,
        Code::CartTooHeavy,
        Code::CartChanged,
        Code::OutOfStock,
        Code::ProductUnavailable,
        Code::AmountTooLarge,
        Code::OrderInProgress,
        Code::PaymentRefused,
        Code::ReservationExpired,
        Code::CheckoutRefused,
        Code::CheckoutTimedOut,
        Code::Conflict,
        Code::IdempotencyKeyReused,
    ]));
    let missing = [Code::NotFound, Code::OrderNotFound];
    let cancel_codes = signed_in(&with_body(&[
        Code::NotFound,
        Code::OrderNotFound,
        Code::Conflict,
        Code::OrderNotCancellable,
        Code::ShipmentUnderWay,
        Code::RefundInProgress,
    ]));
    OpenApiRouter::new()
        .routes(raising(&create_codes, routes!(create)))
        .routes(raising(&signed_in(&[Code::InvalidRequest]), routes!(list)))
        .routes(raising(&signed_in(&missing), routes!(get)))
        .routes(raising(&cancel_codes, routes!(cancel)))
        .routes(raising(&signed_in(&missing), routes!(track)))
}

/// Order my cart
///
/// At the prices of now, whatever was seen before. The answer waits for the end of the checkout, up to
/// ten seconds by default: then the order is confirmed (201) or refused with the reason (402, 409); when
/// it takes longer, it is pending (202) and goes on. An order that was refused is kept, cancelled, with
/// its `failure_code`, and the cart stays as it was, for another try.
///
/// A cart is bought once, however often this is sent. With an `Idempotency-Key` a repeat is answered
/// with the same order in its present state and `Idempotency-Replayed: true`, also after the cart has
/// changed.
#[utoipa::path(
    post, path = "/orders", operation_id = "createOrder", tag = "orders",
    params(IdempotencyHeader),
    request_body = NewOrder,
    responses(
        (status = 201, description = "The order.", body = Order,
            headers(("Idempotency-Replayed" = String,
                description = "`true` when this is the answer to an earlier request; otherwise \
                    absent. Refusals have it too."))),
        (status = 202, description = "The order, which is pending.", body = Order)),
    security(("bearer" = []))
)]
async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    key: IdempotencyKey,
    Body(body): Body<NewOrder>,
) -> Result<Response, Problem> {
    let mut check = Check::new();
    let key = key.read(&mut check);
    let wanted = body.read(&mut check, caller, key);
    let wanted = check.pass(wanted)?;
    let is_saved = matches!(wanted.destination, Destination::Saved(_));
    let mut request = wanted.request;
    request.shipping_address = Some(match wanted.destination {
        Destination::Address(address) => address,
        Destination::Saved(id) => {
            // What a key goes with is what was sent, whatever the address says by then.
            request.address_id = id.to_string();
            saved_address(&app, caller, id).await?
        }
    });
    let order = app.order().create_order(app.patient(request)).await;
    let order = order.map_err(|status| refused(&status, is_saved))?;
    Ok(replay::told(order, outcome::of))
}

/// An address of the caller's book.
async fn saved_address(app: &App, caller: Caller, id: Uuid) -> Result<Address, Problem> {
    let request = ListAddressesRequest { user_id: caller.user_id.to_string() };
    let book = app.user().list_addresses(request).await;
    let book = book.map_err(Problem::where_missing_is(Code::UserNotFound))?.into_inner();
    let mut entries = book.addresses.into_iter();
    let entry = entries.find(|entry| Uuid::try_parse(&entry.id) == Ok(id));
    entry.and_then(|entry| entry.address).ok_or_else(|| Code::AddressNotFound.problem())
}

/// Why no order was made. What was well written and yet is refused is not there, or is named as the
/// caller named it.
fn refused(status: &Status, is_saved: bool) -> Problem {
    match violations_of(status).as_slice() {
        [(field, _)] if field == "payment_method_id" => Code::PaymentMethodNotFound.problem(),
        [(field, detail)] if is_saved && field == "shipping_address" => {
            Code::InvalidRequest.problem().errors(vec![FieldError {
                field: "address_id".to_owned(),
                code: "invalid".to_owned(),
                detail: detail.clone(),
                product_id: None,
            }])
        }
        _ => status.clone().into(),
    }
}

/// List my orders
///
/// Newest first, also those that were refused.
#[utoipa::path(
    get, path = "/orders", operation_id = "listOrders", tag = "orders",
    params(Page, ("status" = Option<String>, Query, example = "confirmed",
        pattern = "^(pending|confirmed|processing|shipped|delivered|cancelled|refunded)$",
        description = "Only those that stand there.")),
    responses((status = 200, description = "A page of orders.", body = OrderList)),
    security(("bearer" = []))
)]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    params: Params,
) -> Result<Json<OrderList>, Problem> {
    let mut check = Check::new();
    let pagination = Some(params.page(&mut check));
    let status = params.choice(&mut check, "status", &STATUSES).unwrap_or_default();
    check.finish()?;
    let request = ListOrdersRequest {
        user_id: caller.user_id.to_string(),
        pagination,
        status_filter: status.into(),
    };
    let orders = app.order().list_orders(request).await?;
    Ok(Json(orders.into_inner().into()))
}

/// Get an order of mine
#[utoipa::path(
    get, path = "/orders/{id}", operation_id = "getOrder", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order.")),
    responses((status = 200, description = "The order.", body = Order)),
    security(("bearer" = []))
)]
async fn get(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    PathId(id): PathId,
) -> Result<Json<Order>, Problem> {
    Ok(Json(own(&app, caller, id).await?.into()))
}

/// An order of the caller.
async fn own(app: &App, caller: Caller, id: Uuid) -> Result<proto::order::v1::Order, Problem> {
    let request = GetOrderRequest { id: id.to_string(), user_id: caller.user_id.to_string() };
    let order = app.order().get_order(request).await;
    Ok(order.map_err(Problem::where_missing_is(Code::OrderNotFound))?.into_inner())
}

/// Cancel an order of mine
///
/// One that is pending or confirmed. What was paid is given back, which `refunded` tells, and the stock
/// goes back; the status stays `cancelled`. Cancelling it again gives the same answer. The reason may
/// stand in the query or in a body.
#[utoipa::path(
    delete, path = "/orders/{id}", operation_id = "cancelOrder", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order."),
        ("reason" = Option<String>, Query, max_length = 500, example = "Ordered by mistake",
            description = "Why, in one line.")),
    request_body = Option<Cancellation>,
    responses(
        (status = 200, description = "The order, which is cancelled.", body = Order),
        (status = 202, description = "The order, which will be cancelled when its checkout is over.",
            body = Order)),
    security(("bearer" = []))
)]
async fn cancel(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    PathId(id): PathId,
    params: Params,
    body: Option<Body<Cancellation>>,
) -> Result<Response, Problem> {
    let mut check = Check::new();
    let in_query = params.one(&mut check, "reason").map(str::to_owned);
    let cancellation = body.map(|Body(body)| body).unwrap_or_default();
    let reason = cancellation.read(&mut check, in_query);
    check.finish()?;
    let user_id = caller.user_id.to_string();
    let request = CancelOrderRequest { id: id.to_string(), user_id, reason };
    let order = app.order().cancel_order(app.patient(request)).await;
    let order = order.map_err(Problem::where_missing_is(Code::OrderNotFound))?.into_inner();
    let status = match order.status() {
        OrderStatus::Cancelled => StatusCode::OK,
        _ => StatusCode::ACCEPTED,
    };
    Ok((status, Json(Order::from(order))).into_response())
}

/// Track an order of mine
///
/// As long as there is no parcel, `shipment` is `null` and `events` is empty.
#[utoipa::path(
    get, path = "/orders/{id}/tracking", operation_id = "trackOrder", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order.")),
    responses((status = 200, description = "Where its parcel is.", body = Tracking)),
    security(("bearer" = []))
)]
async fn track(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    PathId(id): PathId,
) -> Result<Json<Tracking>, Problem> {
    let tracking_number = own(&app, caller, id).await?.tracking_number;
    if tracking_number.is_empty() {
        return Ok(Json(Tracking::default()));
    }
    let request = TrackShipmentRequest { tracking_number };
    let tracked = app.shipping().track_shipment(request).await?;
    Ok(Json(tracked.into_inner().into()))
}
