//! `/orders`: the caller's orders.

mod events;
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
use crate::openapi::service_route;
use crate::problem::{Code, Problem};
use crate::validation::{Body, IdempotencyHeader, IdempotencyKey, Page, Params, Validator};
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
        Code::TotalChanged,
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
    let not_found = [Code::NotFound, Code::OrderNotFound];
    let watch_codes = [Code::NotFound, Code::OrderNotFound, Code::TooManyStreams];
    let cancel_codes = signed_in(&with_body(&[
        Code::NotFound,
        Code::OrderNotFound,
        Code::Conflict,
        Code::OrderNotCancellable,
        Code::ShipmentUnderWay,
        Code::RefundInProgress,
    ]));
    OpenApiRouter::new()
        .routes(service_route(&create_codes, routes!(create)))
        .routes(service_route(&signed_in(&[Code::InvalidRequest]), routes!(list)))
        .routes(service_route(&signed_in(&not_found), routes!(get)))
        .routes(service_route(&cancel_codes, routes!(cancel)))
        .routes(service_route(&signed_in(&not_found), routes!(track)))
        .routes(service_route(&signed_in(&watch_codes), routes!(events::watch)))
}

/// Order my cart
///
/// Uses the current prices; with `expected_total`, a higher total is refused. Waits for the
/// checkout to finish, up to ten seconds by default: the order is then confirmed (201), or refused
/// with the reason (402, 409). If the checkout takes longer, the order is pending (202) and the
/// checkout continues. A refused order is stored as cancelled, with its `failure_code`, and the
/// cart stays unchanged for another attempt.
///
/// A cart is ordered once, even if the request is repeated. With an `Idempotency-Key`, a repeated
/// request returns the same order in its current state with `Idempotency-Replayed: true`, even
/// after the cart has changed.
#[utoipa::path(
    post, path = "/orders", operation_id = "createOrder", tag = "orders",
    params(IdempotencyHeader),
    request_body = NewOrder,
    responses(
        (status = 201, description = "The order.", body = Order,
            headers(("Idempotency-Replayed" = String,
                description = "`true` if this is the result of an earlier request; otherwise \
                    absent. Errors have it too."))),
        (status = 202, description = "The pending order.", body = Order)),
    security(("bearer" = []))
)]
async fn create(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    key: IdempotencyKey,
    Body(body): Body<NewOrder>,
) -> Result<Response, Problem> {
    let mut validator = Validator::new();
    let key = key.validate(&mut validator);
    let validated = body.validate(&mut validator, caller, key);
    let validated = validator.pass(validated)?;
    let is_saved = matches!(validated.destination, Destination::Saved(_));
    let mut request = validated.request;
    request.shipping_address = Some(match validated.destination {
        Destination::Address(address) => address,
        Destination::Saved(id) => {
            // The fingerprint of the idempotency key covers the id that was sent, because the saved
            // address may change before a repeat.
            request.address_id = id.to_string();
            saved_address(&app, caller, id).await?
        }
    });
    let order = app.order().create_order(app.with_request_deadline(request)).await;
    let order = order.map_err(|status| checkout_problem(&status, is_saved))?;
    Ok(replay::with_replay_header(order, outcome::into_response))
}

/// Returns an address of the caller's address book.
pub(super) async fn saved_address(app: &App, caller: Caller, id: Uuid) -> Result<Address, Problem> {
    let request = ListAddressesRequest { user_id: caller.user_id.to_string() };
    let book = app.user().list_addresses(request).await;
    let book = book.map_err(Problem::not_found_as(Code::UserNotFound))?.into_inner();
    let mut entries = book.addresses.into_iter();
    let entry = entries.find(|entry| Uuid::try_parse(&entry.id) == Ok(id));
    entry.and_then(|entry| entry.address).ok_or_else(|| Code::AddressNotFound.problem())
}

/// Maps the status of a failed checkout to a problem. A payment method that the gateway accepted
/// but the service did not does not exist; a rejected saved address is reported as `address_id`.
pub(super) fn checkout_problem(status: &Status, is_saved: bool) -> Problem {
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
/// Newest first, including refused orders.
#[utoipa::path(
    get, path = "/orders", operation_id = "listOrders", tag = "orders",
    params(Page, ("status" = Option<String>, Query, example = "confirmed",
        pattern = "^(pending|confirmed|processing|shipped|delivered|cancelled|refunded)$",
        description = "Only orders in this status.")),
    responses((status = 200, description = "A page of orders.", body = OrderList)),
    security(("bearer" = []))
)]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    params: Params,
) -> Result<Json<OrderList>, Problem> {
    let mut validator = Validator::new();
    let pagination = Some(params.page(&mut validator));
    let status = params.choice(&mut validator, "status", &STATUSES).unwrap_or_default();
    validator.finish()?;
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
    Ok(Json(own_order(&app, caller, id).await?.into()))
}

/// Returns an order of the caller.
async fn own_order(
    app: &App,
    caller: Caller,
    id: Uuid,
) -> Result<proto::order::v1::Order, Problem> {
    let request = GetOrderRequest { id: id.to_string(), user_id: caller.user_id.to_string() };
    let order = app.order().get_order(request).await;
    Ok(order.map_err(Problem::not_found_as(Code::OrderNotFound))?.into_inner())
}

/// Cancel an order of mine
///
/// The order must be pending or confirmed. Refunds what was paid, as shown in `refunded`, and
/// releases the stock; the status stays `cancelled`. Idempotent: cancelling again returns the same
/// result. The reason may be in the query or in the body.
#[utoipa::path(
    delete, path = "/orders/{id}", operation_id = "cancelOrder", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order."),
        ("reason" = Option<String>, Query, max_length = 500, example = "Ordered by mistake",
            description = "Reason, in one line.")),
    request_body = Option<Cancellation>,
    responses(
        (status = 200, description = "The cancelled order.", body = Order),
        (status = 202, description = "The order, which is cancelled when its checkout finishes.",
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
    let mut validator = Validator::new();
    let in_query = params.single(&mut validator, "reason").map(str::to_owned);
    let cancellation = body.map(|Body(body)| body).unwrap_or_default();
    let reason = cancellation.validate(&mut validator, in_query);
    validator.finish()?;
    let user_id = caller.user_id.to_string();
    let request = CancelOrderRequest { id: id.to_string(), user_id, reason };
    let order = app.order().cancel_order(app.with_request_deadline(request)).await;
    let order = order.map_err(Problem::not_found_as(Code::OrderNotFound))?.into_inner();
    let status = match order.status() {
        OrderStatus::Cancelled => StatusCode::OK,
        _ => StatusCode::ACCEPTED,
    };
    Ok((status, Json(Order::from(order))).into_response())
}

/// Track an order of mine
///
/// Until the shipment exists, `shipment` is `null` and `events` is empty.
#[utoipa::path(
    get, path = "/orders/{id}/tracking", operation_id = "trackOrder", tag = "orders",
    params(("id" = uuid::Uuid, Path, description = "The order.")),
    responses((status = 200, description = "The shipment and its events.", body = Tracking)),
    security(("bearer" = []))
)]
async fn track(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    PathId(id): PathId,
) -> Result<Json<Tracking>, Problem> {
    let tracking_number = own_order(&app, caller, id).await?.tracking_number;
    if tracking_number.is_empty() {
        return Ok(Json(Tracking::default()));
    }
    let request = TrackShipmentRequest { tracking_number };
    let tracked = app.shipping().track_shipment(request).await?;
    Ok(Json(tracked.into_inner().into()))
}
