//! `/admin`: routes for administrators.

mod audit;
mod categories;
mod notifications;
mod orders;
mod products;
mod stats;
mod users;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(products::routes())
        .merge(categories::routes())
        .merge(users::routes())
        .merge(notifications::routes())
        .merge(orders::routes())
        .merge(stats::routes())
        .merge(audit::routes())
}
