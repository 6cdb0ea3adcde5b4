//! `/.well-known/jwks.json`: the keys to verify access tokens with.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use http::header;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::PublicKeys;
use crate::openapi::local;

/// Shorter than the time for which a rotation publishes a key before it signs with it.
const LIFETIME: &str = "public, max-age=300";

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(local(&[], routes!(jwks)))
}

/// Get the public signing keys
///
/// A JSON Web Key Set, for anyone who verifies access tokens of this shop. Two keys during a
/// rotation.
#[utoipa::path(
    get, path = "/.well-known/jwks.json", operation_id = "publicKeys", tag = "operations",
    responses((status = 200, description = "The keys.", body = PublicKeys)),
    security(())
)]
async fn jwks(State(app): State<App>) -> impl IntoResponse {
    let keys = app.auth().keys().published().clone();
    ([(header::CACHE_CONTROL, LIFETIME)], Json(keys))
}
