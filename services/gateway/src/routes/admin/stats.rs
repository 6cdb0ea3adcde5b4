//! `/admin/stats`: how the shop does.

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
use crate::check::{Check, Params, Span};
use crate::openapi::raising;
use crate::problem::{Code, Problem};
use crate::routes::codes::admin;
use crate::views::stats::Stats;

/// So few units of a product are few: a day's worth in a small shop.
const FEW_UNITS: i32 = 10;

/// As many products as a page has at most; who has more of them short looks at the products.
const LOW_STOCK: Pagination = Pagination { page: 1, page_size: 100 };

/// Of the failed mails their number alone is told.
const ONE: Pagination = Pagination { page: 1, page_size: 1 };

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(raising(&admin(&[Code::InvalidRequest]), routes!(get)))
}

/// Get the shop's figures
///
/// Sales of the orders that were made in a span of time; stock, checkouts and mails as they are now.
#[utoipa::path(
    get, path = "/stats", operation_id = "getStats", tag = "admin",
    params(Span),
    responses((status = 200, description = "The figures.", body = Stats)),
    security(("bearer" = []))
)]
async fn get(State(app): State<App>, _: Admin, params: Params) -> Result<Json<Stats>, Problem> {
    let mut check = Check::new();
    let (from, to) = params.span(&mut check).ends();
    check.finish()?;
    let low_stock = ListLowStockRequest { threshold: FEW_UNITS, pagination: Some(LOW_STOCK) };
    let failed = ListNotificationsRequest { pagination: Some(ONE), status: "failed".to_owned() };
    let (mut orders, mut catalog, mut mails) = (app.order(), app.catalog(), app.notification());
    let (figures, low_stock, failed) = futures::try_join!(
        orders.get_stats(GetStatsRequest { from, to }),
        catalog.list_low_stock(low_stock),
        mails.list_notifications(failed),
    )?;
    let failed = failed.into_inner().pagination.unwrap_or_default().total_count;
    Ok(Json(Stats::new(figures.into_inner(), low_stock.into_inner().products, failed)))
}
