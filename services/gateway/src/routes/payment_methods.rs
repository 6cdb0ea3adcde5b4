//! `/payment-methods`: the caller's saved payment methods.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use proto::payment::v1::{
    DeletePaymentMethodRequest, ListPaymentMethodsRequest, SetDefaultPaymentMethodRequest,
};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::codes::{signed_in, with_body};
use super::{PathId, replay};
use crate::app::App;
use crate::auth::SignedIn;
use crate::openapi::service_route;
use crate::problem::{Code, Problem};
use crate::validation::{Body, IdempotencyHeader, IdempotencyKey, Validator};
use crate::views::payment_method::{NewCard, PaymentMethod, PaymentMethodList};

pub(super) fn routes() -> OpenApiRouter<App> {
    let add_codes = signed_in(&with_body(&[
        Code::Conflict,
        Code::TooManyPaymentMethods,
        Code::RequestInProgress,
        Code::IdempotencyKeyReused,
    ]));
    let not_found = [Code::NotFound, Code::PaymentMethodNotFound];
    OpenApiRouter::new()
        .routes(service_route(&signed_in(&[]), routes!(list)))
        .routes(service_route(&add_codes, routes!(add)))
        .routes(service_route(&signed_in(&not_found), routes!(delete)))
        .routes(service_route(&signed_in(&not_found), routes!(set_default)))
}

/// List my payment methods
#[utoipa::path(
    get, path = "/payment-methods", operation_id = "listPaymentMethods", tag = "payment",
    responses((status = 200, description = "All payment methods.", body = PaymentMethodList)),
    security(("bearer" = []))
)]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
) -> Result<Json<PaymentMethodList>, Problem> {
    let request = ListPaymentMethodsRequest { user_id: caller.user_id.to_string() };
    let methods = app.payment().list_payment_methods(request).await?;
    Ok(Json(methods.into_inner().into()))
}

/// Save a card
///
/// The card number and the security code are passed to the payment provider and not stored. A card
/// that the provider will decline can be saved; it is declined at checkout.
#[utoipa::path(
    post, path = "/payment-methods", operation_id = "addPaymentMethod", tag = "payment",
    params(IdempotencyHeader),
    request_body = NewCard,
    responses((status = 201, description = "The saved card.", body = PaymentMethod,
        headers(("Idempotency-Replayed" = String,
            description = "`true` if this is the result of an earlier request with the same key; \
                otherwise absent.")))),
    security(("bearer" = []))
)]
async fn add(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    key: IdempotencyKey,
    Body(body): Body<NewCard>,
) -> Result<Response, Problem> {
    let mut validator = Validator::new();
    let key = key.validate(&mut validator);
    let request = body.validate(&mut validator, caller, key, app.today());
    let request = validator.pass(request)?;
    let added = app.payment().add_payment_method(request).await?;
    Ok(replay::with_replay_header(added, |method| {
        (StatusCode::CREATED, Json(PaymentMethod::from(method))).into_response()
    }))
}

/// Delete a payment method
///
/// If it was the default method, another method becomes the default.
#[utoipa::path(
    delete, path = "/payment-methods/{id}", operation_id = "deletePaymentMethod", tag = "payment",
    params(("id" = uuid::Uuid, Path, description = "The payment method.")),
    responses((status = 204, description = "The payment method is deleted.")),
    security(("bearer" = []))
)]
async fn delete(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    PathId(id): PathId,
) -> Result<StatusCode, Problem> {
    let request =
        DeletePaymentMethodRequest { id: id.to_string(), user_id: caller.user_id.to_string() };
    let deleted = app.payment().delete_payment_method(request).await;
    deleted.map_err(Problem::not_found_as(Code::PaymentMethodNotFound))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make a payment method the default
#[utoipa::path(
    put, path = "/payment-methods/{id}/default", operation_id = "setDefaultPaymentMethod",
    tag = "payment",
    params(("id" = uuid::Uuid, Path, description = "The payment method.")),
    responses((status = 200, description = "The updated payment method.", body = PaymentMethod)),
    security(("bearer" = []))
)]
async fn set_default(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    PathId(id): PathId,
) -> Result<Json<PaymentMethod>, Problem> {
    let request =
        SetDefaultPaymentMethodRequest { id: id.to_string(), user_id: caller.user_id.to_string() };
    let method = app.payment().set_default_payment_method(request).await;
    let method = method.map_err(Problem::not_found_as(Code::PaymentMethodNotFound))?;
    Ok(Json(method.into_inner().into()))
}
