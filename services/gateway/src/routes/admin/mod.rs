//! `/admin`: what only administrators may do.

mod categories;
mod notifications;
mod products;
mod users;

use utoipa_axum::router::OpenApiRouter;

use crate::app::App;

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .merge(products::routes())
        .merge(categories::routes())
        .merge(users::routes())
        .merge(notifications::routes())
}
