//! `/health`: whether the gateway serves.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::openapi::probed;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(probed(routes!(health)))
}

/// How the gateway is.
#[derive(Serialize, ToSchema)]
struct Health {
    /// Always `ok`: a gateway that does not serve does not answer.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Ask whether the gateway serves
///
/// Of the gateway itself, not of the services behind it. Never counted against a rate limit, and
/// answered also when the shop is too busy for anything else.
#[utoipa::path(
    get, path = "/health", operation_id = "health", tag = "operations",
    responses((status = 200, description = "It serves.", body = Health)),
    security(())
)]
async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}
