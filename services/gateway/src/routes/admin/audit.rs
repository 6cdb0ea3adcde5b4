//! `/admin/audit`: what administrators changed.

use axum::Json;
use axum::extract::State;
use futures::future::try_join_all;
use jiff::SignedDuration;
use proto::audit::v1::ListAuditEntriesRequest;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::auth::Admin;
use crate::openapi::service_route;
use crate::problem::{Code, Problem};
use crate::routes::codes::admin;
use crate::validation::{Page, Params, TimeRange, Validator};
use crate::views::audit::{AuditLog, MAX_ENTRIES};

/// Maximum length of an action, in characters.
const MAX_ACTION_CHARS: usize = 100;

/// How far back the list goes without `from`, so that a page does not count every entry of the
/// retention. What an administrator looks for is usually recent.
const DEFAULT_RANGE: SignedDuration = SignedDuration::from_hours(30 * 24);

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(service_route(&admin(&[Code::InvalidRequest]), routes!(list)))
}

/// List the audit log
///
/// Changes that administrators made to products, stock, categories, orders, refunds, accounts and
/// mails, newest first. Without `from`, the list begins 30 days before `to`, or before now. Pages
/// go back 500 entries; `from` and `to` select older ones.
#[utoipa::path(
    get, path = "/audit", operation_id = "listAuditEntries", tag = "admin",
    params(Page, TimeRange,
        ("actor_id" = Option<uuid::Uuid>, Query, description = "Only changes by this account."),
        ("object_id" = Option<uuid::Uuid>, Query, description = "Only changes of this object."),
        ("action" = Option<String>, Query, max_length = 100, example = "product.update",
            description = "Only changes of this kind.")),
    responses((status = 200, description = "A page of the audit log.", body = AuditLog)),
    security(("bearer" = []))
)]
async fn list(State(app): State<App>, _: Admin, params: Params) -> Result<Json<AuditLog>, Problem> {
    let mut validator = Validator::new();
    let page = params.page(&mut validator);
    let actor = params.uuid(&mut validator, "actor_id");
    let object = params.uuid(&mut validator, "object_id");
    let action = params.single(&mut validator, "action").unwrap_or_default().to_owned();
    let range = params.time_range(&mut validator);
    let (from, to) = range.starting_within(DEFAULT_RANGE, app.now()).bounds();
    if action.chars().count() > MAX_ACTION_CHARS || action.contains(char::is_control) {
        validator.fail("action", "invalid", "must be at most 100 visible characters");
    }
    let limit = page.page.saturating_mul(page.page_size);
    if limit > MAX_ENTRIES {
        let detail = "must end within the newest 500 entries; use from and to for older ones";
        validator.fail("page", "out_of_range", detail);
    }
    validator.finish()?;
    let id = |id: Option<uuid::Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let request = ListAuditEntriesRequest {
        actor_id: id(actor),
        object_id: id(object),
        action,
        from,
        to,
        limit,
    };
    let logs = app.audit().into_iter().map(|mut log| {
        let request = request.clone();
        async move { log.list_audit_entries(request).await }
    });
    let logs = try_join_all(logs).await?;
    let logs = logs.into_iter().map(tonic::Response::into_inner);
    Ok(Json(AuditLog::merge(logs, &page)))
}
