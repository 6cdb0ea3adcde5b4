//! `/payment-methods`: the caller's saved cards.

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
use crate::check::{Body, Check, IdempotencyHeader, IdempotencyKey};
use crate::openapi::raising;
use crate::problem::{Code, Problem};
use crate::views::payment_method::{NewCard, PaymentMethod, PaymentMethodList};

pub(super) fn routes() -> OpenApiRouter<App> {
    let add_codes = signed_in(&with_body(&[
        Code::Conflict,
        Code::TooManyPaymentMethods,
        Code::RequestInProgress,
        Code::IdempotencyKeyReused,
    ]));
    let missing = [Code::NotFound, Code::PaymentMethodNotFound];
    OpenApiRouter::new()
        .routes(raising(&signed_in(&[]), routes!(list)))
        .routes(raising(&add_codes, routes!(add)))
        .routes(raising(&signed_in(&missing), routes!(delete)))
        .routes(raising(&signed_in(&missing), routes!(set_default)))
}

/// List my payment methods
#[utoipa::path(
    get, path = "/payment-methods", operation_id = "listPaymentMethods", tag = "payment",
    responses((status = 200, description = "All of them.", body = PaymentMethodList)),
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
/// The number and the check digits go to the payment provider and are kept nowhere. A card that
/// will be declined can be saved; it is declined when it is to pay.
#[utoipa::path(
    post, path = "/payment-methods", operation_id = "addPaymentMethod", tag = "payment",
    params(IdempotencyHeader),
    request_body = NewCard,
    responses((status = 201, description = "The saved card.", body = PaymentMethod,
        headers(("Idempotency-Replayed" = String,
            description = "`true` when this is the answer to an earlier request with the same key; \
                otherwise absent.")))),
    security(("bearer" = []))
)]
async fn add(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    key: IdempotencyKey,
    Body(body): Body<NewCard>,
) -> Result<Response, Problem> {
    let mut check = Check::new();
    let key = key.read(&mut check);
    let request = body.read(&mut check, caller, key);
    let request = check.pass(request)?;
    let added = app.payment().add_payment_method(request).await?;
    Ok(replay::told(added, |method| {
        (StatusCode::CREATED, Json(PaymentMethod::from(method))).into_response()
    }))
}

/// Delete a payment method
///
/// When it was the default one, another becomes that.
#[utoipa::path(
    delete, path = "/payment-methods/{id}", operation_id = "deletePaymentMethod", tag = "payment",
    params(("id" = uuid::Uuid, Path, description = "The method.")),
    responses((status = 204, description = "It is deleted.")),
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
    deleted.map_err(Problem::where_missing_is(Code::PaymentMethodNotFound))?;
    Ok(StatusCode::NO_CONTENT)
}

/// Make a payment method the default
#[utoipa::path(
    put, path = "/payment-methods/{id}/default", operation_id = "setDefaultPaymentMethod",
    tag = "payment",
    params(("id" = uuid::Uuid, Path, description = "The method.")),
    responses((status = 200, description = "The method as it is now.", body = PaymentMethod)),
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
    let method = method.map_err(Problem::where_missing_is(Code::PaymentMethodNotFound))?;
    Ok(Json(method.into_inner().into()))
}
