//! `/.well-known/jwks.json`: the public keys that verify access tokens.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::header;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::PublicKeys;
use crate::openapi::gateway_route;

/// Cache lifetime. Shorter than the time between publishing a key and signing with it in a
/// rotation.
const CACHE_CONTROL: &str = "public, max-age=300";

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(gateway_route(&[], routes!(jwks)))
}

/// Get the public signing keys
///
/// Returns a JSON Web Key Set to verify access tokens of this shop. It has two keys during a key
/// rotation.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", operation_id = "publicKeys", tag = "operations",
    responses((status = 200, description = "The public keys.", body = PublicKeys)),
    security(())
)]
async fn jwks(State(app): State<App>) -> impl IntoResponse {
    let keys = app.auth().keys().published().clone();
    ([(header::CACHE_CONTROL, CACHE_CONTROL)], Json(keys))
}
