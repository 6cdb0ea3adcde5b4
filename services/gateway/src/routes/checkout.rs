//! `/checkout`: the prices of an order before it is placed.

use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::codes::{signed_in, with_body};
use super::orders::{checkout_problem, saved_address};
use crate::app::App;
use crate::auth::SignedIn;
use crate::openapi::service_route;
use crate::problem::{Code, Problem};
use crate::validation::{Body, Validator};
use crate::views::new_order::Destination;
use crate::views::preview::{NewPreview, Preview};

pub(super) fn routes() -> OpenApiRouter<App> {
    let codes = signed_in(&with_body(&[
        Code::UserNotFound,
        Code::AddressNotFound,
        Code::CartEmpty,
        Code::CartTooHeavy,
        Code::CartChanged,
        Code::OutOfStock,
        Code::ProductUnavailable,
        Code::AmountTooLarge,
        Code::Conflict,
    ]));
    OpenApiRouter::new().routes(service_route(&codes, routes!(preview)))
}

/// Preview an order of my cart
///
/// Returns what `POST /orders` with the same body would charge now, and changes nothing. Send the
/// `total` as `expected_total` of the order, so that the order is refused if it costs more by then.
#[utoipa::path(
    post, path = "/checkout/preview", operation_id = "previewOrder", tag = "orders",
    request_body = NewPreview,
    responses((status = 200, description = "The prices.", body = Preview)),
    security(("bearer" = []))
)]
async fn preview(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(body): Body<NewPreview>,
) -> Result<Json<Preview>, Problem> {
    let mut validator = Validator::new();
    let validated = body.validate(&mut validator, caller);
    let (mut request, destination) = validator.pass(validated)?;
    let is_saved = matches!(destination, Destination::Saved(_));
    request.shipping_address = Some(match destination {
        Destination::Address(address) => address,
        Destination::Saved(id) => saved_address(&app, caller, id).await?,
    });
    let preview = app.order().preview_order(request).await;
    let preview = preview.map_err(|status| checkout_problem(&status, is_saved))?;
    Ok(Json(preview.into_inner().into()))
}
