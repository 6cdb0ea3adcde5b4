//! `/admin/stats`: statistics of the shop.

use axum::Json;
use axum::extract::State;
use proto::catalog::v1::ListLowStockRequest;
use proto::common::v1::Pagination;
use proto::notification::v1::ListNotificationsRequest;
use proto::order::v1::GetStatsRequest;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Admin;
use crate::openapi::service_route;
use crate::problem::{Code, Problem};
use crate::routes::codes::admin;
use crate::validation::{Params, TimeRange, Validator};
use crate::views::stats::Stats;

/// Products with at most this many units are low on stock: the sales of a day in a small shop.
const LOW_STOCK_THRESHOLD: i32 = 10;

/// The maximum page size. Administrators with more low products use the product list.
const LOW_STOCK_PAGE: Pagination = Pagination { page: 1, page_size: 100 };

/// Smallest page: only the total count of failed mails is used.
const COUNT_ONLY: Pagination = Pagination { page: 1, page_size: 1 };

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(service_route(&admin(&[Code::InvalidRequest]), routes!(get)))
}

/// Get statistics of the shop
///
/// Sales of the orders created in a time range; current state of stock, checkouts and mails.
#[utoipa::path(
    get, path = "/stats", operation_id = "getStats", tag = "admin",
    params(TimeRange),
    responses((status = 200, description = "The statistics.", body = Stats)),
    security(("bearer" = []))
)]
async fn get(State(app): State<App>, _: Admin, params: Params) -> Result<Json<Stats>, Problem> {
    let mut validator = Validator::new();
    let (from, to) = params.time_range(&mut validator).bounds();
    validator.finish()?;
    let low_stock =
        ListLowStockRequest { threshold: LOW_STOCK_THRESHOLD, pagination: Some(LOW_STOCK_PAGE) };
    let failed =
        ListNotificationsRequest { pagination: Some(COUNT_ONLY), status: "failed".to_owned() };
    let (mut orders, mut catalog, mut mails) = (app.order(), app.catalog(), app.notification());
    let (sales, low_stock, failed) = futures::try_join!(
        orders.get_stats(GetStatsRequest { from, to }),
        catalog.list_low_stock(low_stock),
        mails.list_notifications(failed),
    )?;
    let failed = failed.into_inner().pagination.unwrap_or_default().total_count;
    Ok(Json(Stats::new(sales.into_inner(), low_stock.into_inner().products, failed)))
}
