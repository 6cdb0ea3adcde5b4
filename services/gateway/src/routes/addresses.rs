//! `/addresses`: the caller's address book.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use proto::user::v1::{DeleteAddressRequest, ListAddressesRequest, UpdateAddressRequest};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::PathId;
use super::codes::{signed_in, with_body};
use crate::app::App;
use crate::auth::SignedIn;
use crate::openapi::service_route;
use crate::problem::{Code, Problem};
use crate::validation::{Body, Validator};
use crate::views::address::{AddressEntry, AddressList, SavedAddress};

pub(super) fn routes() -> OpenApiRouter<App> {
    let list_codes = signed_in(&[Code::UserNotFound]);
    let add_codes =
        signed_in(&with_body(&[Code::UserNotFound, Code::Conflict, Code::TooManyAddresses]));
    let not_found = [Code::NotFound, Code::AddressNotFound];
    OpenApiRouter::new()
        .routes(service_route(&list_codes, routes!(list)))
        .routes(service_route(&add_codes, routes!(add)))
        .routes(service_route(&signed_in(&with_body(&not_found)), routes!(update)))
        .routes(service_route(&signed_in(&not_found), routes!(delete)))
}

/// List my addresses
#[utoipa::path(
    get, path = "/addresses", operation_id = "listAddresses", tag = "account",
    responses((status = 200, description = "All addresses.", body = AddressList)),
    security(("bearer" = []))
)]
async fn list(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
) -> Result<Json<AddressList>, Problem> {
    let request = ListAddressesRequest { user_id: caller.user_id.to_string() };
    let addresses = app.user().list_addresses(request).await;
    let addresses = addresses.map_err(Problem::not_found_as(Code::UserNotFound))?;
    Ok(Json(addresses.into_inner().into()))
}

/// Add an address
#[utoipa::path(
    post, path = "/addresses", operation_id = "addAddress", tag = "account",
    request_body = AddressEntry,
    responses((status = 201, description = "The new address.", body = SavedAddress)),
    security(("bearer" = []))
)]
async fn add(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    Body(body): Body<AddressEntry>,
) -> Result<(StatusCode, Json<SavedAddress>), Problem> {
    let mut validator = Validator::new();
    let request = body.validate(&mut validator, caller);
    let request = validator.pass(request)?;
    let address = app.user().add_address(request).await;
    let address = address.map_err(Problem::not_found_as(Code::UserNotFound))?;
    Ok((StatusCode::CREATED, Json(address.into_inner().into())))
}

/// Replace an address
///
/// The default address stays the default until another address becomes the default.
#[utoipa::path(
    put, path = "/addresses/{id}", operation_id = "updateAddress", tag = "account",
    params(("id" = uuid::Uuid, Path, description = "The address.")),
    request_body = AddressEntry,
    responses((status = 200, description = "The updated address.", body = SavedAddress)),
    security(("bearer" = []))
)]
async fn update(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    PathId(id): PathId,
    Body(body): Body<AddressEntry>,
) -> Result<Json<SavedAddress>, Problem> {
    let mut validator = Validator::new();
    let entry = body.validate(&mut validator, caller);
    let entry = validator.pass(entry)?;
    let request = UpdateAddressRequest {
        id: id.to_string(),
        user_id: entry.user_id,
        label: entry.label,
        address: entry.address,
        is_default: entry.is_default,
    };
    let address = app.user().update_address(request).await;
    let address = address.map_err(Problem::not_found_as(Code::AddressNotFound))?;
    Ok(Json(address.into_inner().into()))
}

/// Delete an address
///
/// If it was the default address, another address becomes the default.
#[utoipa::path(
    delete, path = "/addresses/{id}", operation_id = "deleteAddress", tag = "account",
    params(("id" = uuid::Uuid, Path, description = "The address.")),
    responses((status = 204, description = "The address is deleted.")),
    security(("bearer" = []))
)]
async fn delete(
    State(app): State<App>,
    SignedIn(caller): SignedIn,
    PathId(id): PathId,
) -> Result<StatusCode, Problem> {
    let request = DeleteAddressRequest { id: id.to_string(), user_id: caller.user_id.to_string() };
    let deleted = app.user().delete_address(request).await;
    deleted.map_err(Problem::not_found_as(Code::AddressNotFound))?;
    Ok(StatusCode::NO_CONTENT)
}
