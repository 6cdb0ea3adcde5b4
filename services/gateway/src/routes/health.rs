//! `/health`: health check of the gateway.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::openapi::probe_route;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(probe_route(routes!(health)))
}

/// Health of the gateway.
#[derive(Serialize, ToSchema)]
struct Health {
    /// Always `ok`: an unhealthy gateway does not respond.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Check the health of the gateway
///
/// Checks the gateway only, not the services behind it. Exempt from rate limits and from load
/// shedding.
#[utoipa::path(
    get, path = "/health", operation_id = "health", tag = "operations",
    responses((status = 200, description = "The gateway is healthy.", body = Health)),
    security(())
)]
async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}
