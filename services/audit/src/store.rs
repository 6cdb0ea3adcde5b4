//! Every SQL statement of the audit log. `hack/sqlx.sh audit` refreshes `.sqlx/`.

use jiff::Timestamp;
use jiff_sqlx::ToSqlx as _;
use serde_json::Value;
use sqlx::{PgConnection, query, query_scalar};
use uuid::Uuid;

/// An entry of the audit log.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) id: Uuid,
    pub(crate) at: Timestamp,
    /// The account that acted; `None` for a call that did not come through the gateway.
    pub(crate) actor: Option<Uuid>,
    pub(crate) network: String,
    pub(crate) request_id: String,
    pub(crate) action: String,
    pub(crate) object: Uuid,
    pub(crate) before: Option<Value>,
    pub(crate) after: Option<Value>,
}

/// Which entries a caller asks for; `None` is no restriction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) actor: Option<Uuid>,
    pub(crate) object: Option<Uuid>,
    /// An action (`product.update`).
    pub(crate) action: Option<String>,
    /// Inclusive.
    pub(crate) from: Option<Timestamp>,
    /// Exclusive.
    pub(crate) to: Option<Timestamp>,
}

pub(crate) async fn insert(conn: &mut PgConnection, entry: &Entry) -> Result<(), sqlx::Error> {
    query!(
        "INSERT INTO audit_entries (id, at, actor_id, client_network, request_id, action, object_id,
                                    before, after)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        entry.id,
        entry.at.to_sqlx(),
        entry.actor,
        entry.network,
        entry.request_id,
        entry.action,
        entry.object,
        entry.before,
        entry.after,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The newest entries of the filter, at most `limit`, and the number of all of them.
pub(crate) async fn newest(
    conn: &mut PgConnection,
    filter: &Filter,
    limit: i64,
) -> Result<(Vec<Entry>, i64), sqlx::Error> {
    let Filter { actor, object, action, from, to } = filter;
    let (from, to) = (from.map(|time| time.to_sqlx()), to.map(|time| time.to_sqlx()));
    let total = query_scalar!(
        r#"SELECT count(*) AS "count!" FROM audit_entries
           WHERE ($1::uuid IS NULL OR actor_id = $1) AND ($2::uuid IS NULL OR object_id = $2)
             AND ($3::text IS NULL OR action = $3)
             AND ($4::timestamptz IS NULL OR at >= $4) AND ($5::timestamptz IS NULL OR at < $5)"#,
        *actor,
        *object,
        action.as_deref(),
        from as _,
        to as _,
    )
    .fetch_one(&mut *conn)
    .await?;
    let rows = query!(
        "SELECT id, at, actor_id, client_network, request_id, action, object_id, before, after
         FROM audit_entries
         WHERE ($1::uuid IS NULL OR actor_id = $1) AND ($2::uuid IS NULL OR object_id = $2)
           AND ($3::text IS NULL OR action = $3)
           AND ($4::timestamptz IS NULL OR at >= $4) AND ($5::timestamptz IS NULL OR at < $5)
         ORDER BY at DESC, id DESC LIMIT $6",
        *actor,
        *object,
        action.as_deref(),
        from as _,
        to as _,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let entries = rows.into_iter().map(|row| Entry {
        id: row.id,
        at: row.at.into(),
        actor: row.actor_id,
        network: row.client_network,
        request_id: row.request_id,
        action: row.action,
        object: row.object_id,
        before: row.before,
        after: row.after,
    });
    Ok((entries.collect(), total))
}

/// Deletes at most `limit` entries from before `time`, and returns how many.
pub(crate) async fn delete_older(
    conn: &mut PgConnection,
    time: Timestamp,
    limit: i64,
) -> Result<u64, sqlx::Error> {
    let deleted = query!(
        "DELETE FROM audit_entries WHERE id IN
             (SELECT id FROM audit_entries WHERE at < $1 ORDER BY at LIMIT $2
              FOR UPDATE SKIP LOCKED)",
        time.to_sqlx(),
        limit,
    )
    .execute(conn)
    .await?;
    Ok(deleted.rows_affected())
}
