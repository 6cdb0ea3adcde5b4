//! The gRPC service that returns the entries of one service's audit log.

use kit::postgres::traced;
use proto::audit::v1 as pb;
use proto::audit::v1::audit_service_server::{AuditService, AuditServiceServer};
use sqlx::PgPool;
use tonic::{Request, Response, Status};
use wire::Fields;

use crate::MAX_ENTRIES;
use crate::store::{self, Entry, Filter};

const DEFAULT_ENTRIES: i32 = 20;
const MAX_ACTION_CHARS: usize = 100;

/// Returns the gRPC service of the audit log in the database of `pool`.
#[must_use]
pub fn service(pool: PgPool) -> AuditServiceServer<impl AuditService> {
    AuditServiceServer::new(Api { pool })
}

#[derive(Clone, Debug)]
struct Api {
    pool: PgPool,
}

#[tonic::async_trait]
impl AuditService for Api {
    async fn list_audit_entries(
        &self,
        request: Request<pb::ListAuditEntriesRequest>,
    ) -> Result<Response<pb::ListAuditEntriesResponse>, Status> {
        let (filter, limit) = parse(request.get_ref())?;
        let work = async {
            let mut conn = self.pool.acquire().await?;
            store::newest(&mut conn, &filter, i64::from(limit)).await
        };
        let found = traced("audit.newest", work).await;
        let (entries, total_count) = found.map_err(|error| kit::postgres::status(&error))?;
        let entries = entries.into_iter().map(render).collect();
        Ok(Response::new(pb::ListAuditEntriesResponse { entries, total_count }))
    }
}

fn parse(request: &pb::ListAuditEntriesRequest) -> Result<(Filter, i32), Status> {
    let mut fields = Fields::default();
    let actor = fields.id_or_none("actor_id", &request.actor_id);
    let object = fields.id_or_none("object_id", &request.object_id);
    let action = fields.line_or_empty("action", &request.action, MAX_ACTION_CHARS);
    let from = fields.time_or_none("from", &request.from);
    let to = fields.time_or_none("to", &request.to);
    let limit = match request.limit {
        0 => Some(DEFAULT_ENTRIES),
        limit => fields.number("limit", limit, 1, MAX_ENTRIES),
    };
    let parse = || {
        let action = action.filter(|action| !action.is_empty());
        Some((Filter { actor: actor?, object: object?, action, from: from?, to: to? }, limit?))
    };
    let parsed = parse();
    fields.finish(parsed)
}

fn render(entry: Entry) -> pb::AuditEntry {
    let json = |value: Option<serde_json::Value>| value.map(|value| value.to_string());
    pb::AuditEntry {
        id: entry.id.to_string(),
        at: entry.at.to_string(),
        actor_id: entry.actor.map(|actor| actor.to_string()).unwrap_or_default(),
        client_network: entry.network,
        request_id: entry.request_id,
        action: entry.action,
        object_id: entry.object.to_string(),
        before_json: json(entry.before).unwrap_or_default(),
        after_json: json(entry.after).unwrap_or_default(),
    }
}
