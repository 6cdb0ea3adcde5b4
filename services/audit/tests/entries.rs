//! Entries of the audit log on a real PostgreSQL, through the gRPC service.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::net::IpAddr;
use std::time::Duration;

use audit::{Change, MAX_ENTRIES};
use jiff::SignedDuration;
use kit::context::{self, Context, RequestId};
use kit::grpc::Server;
use kit::origin::{ClientNetwork, Origin};
use kit::{Env, Runtime};
use proto::audit::v1::audit_service_client::AuditServiceClient;
use proto::audit::v1::{AuditEntry, ListAuditEntriesRequest, ListAuditEntriesResponse};
use serde_json::{Value, json};
use sqlx::PgPool;
use testing::{RunningService, settings};
use tokio::time::{sleep, timeout};
use tonic::Status;
use tonic::transport::Channel;
use uuid::Uuid;

const ADMIN: Uuid = Uuid::from_u128(7);
const LAMP: Uuid = Uuid::from_u128(1);

fn env() -> Env {
    Env::fixed("2026-03-01T12:00:00Z".parse().unwrap(), 7)
}

/// A request of an administrator from 203.0.113.9.
fn request_context() -> Context {
    let origin = Origin::default();
    origin.set_actor(ADMIN);
    origin.set_network(ClientNetwork::of(IpAddr::from([203, 0, 113, 9])));
    Context { request_id: RequestId::parse("r-1").unwrap(), deadline: None, origin }
}

async fn write(pool: &PgPool, env: &Env, change: Change) {
    let mut tx = pool.begin().await.unwrap();
    let recorded = context::scope(request_context(), change.write(&mut tx, env)).await.unwrap();
    tx.commit().await.unwrap();
    recorded.log();
}

fn price_change(object: Uuid, cents: i64) -> Change {
    let before = json!({"name": "Lamp", "price_cents": 100});
    Change::updated(
        "product.update",
        object,
        &before,
        &json!({"name": "Lamp", "price_cents": cents}),
    )
}

struct Log {
    client: AuditServiceClient<Channel>,
    server: RunningService,
}

impl Log {
    async fn open(pool: &PgPool) -> Self {
        let service = audit::service(pool.clone());
        let server = RunningService::start(Runtime::for_tests(), |listener, runtime| async move {
            let server = Server::from_listener(&runtime, listener);
            server.descriptors(proto::DESCRIPTORS).add_service(service).serve().await
        })
        .await;
        let client = AuditServiceClient::connect(server.url()).await.unwrap();
        Self { client, server }
    }

    async fn list(
        &self,
        request: ListAuditEntriesRequest,
    ) -> Result<ListAuditEntriesResponse, Status> {
        let listed = self.client.clone().list_audit_entries(request).await;
        listed.map(tonic::Response::into_inner)
    }

    async fn all(&self) -> Vec<AuditEntry> {
        self.list(ListAuditEntriesRequest::default()).await.unwrap().entries
    }

    async fn close(self) {
        drop(self.client);
        self.server.stop().await;
    }
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

#[tokio::test]
async fn entry_says_who_changed_what_from_where() {
    let database = testing::database(&audit::MIGRATOR).await;
    let env = env();
    write(database.pool(), &env, price_change(LAMP, 200)).await;
    let log = Log::open(database.pool()).await;
    let entries = log.all().await;
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    assert_eq!(entry.actor_id, ADMIN.to_string());
    assert_eq!(entry.client_network, "203.0.113.0/24");
    assert_eq!(entry.request_id, "r-1");
    assert_eq!(entry.at, "2026-03-01T12:00:00Z");
    assert_eq!((&*entry.action, &*entry.object_id), ("product.update", &*LAMP.to_string()));
    assert_eq!(value(&entry.before_json), json!({"price_cents": 100}));
    assert_eq!(value(&entry.after_json), json!({"price_cents": 200}));
    log.close().await;
}

#[tokio::test]
async fn only_committed_changes_become_entries() {
    let database = testing::database(&audit::MIGRATOR).await;
    let env = env();
    let mut tx = database.pool().begin().await.unwrap();
    drop(price_change(LAMP, 200).write(&mut tx, &env).await.unwrap());
    tx.rollback().await.unwrap();
    write(database.pool(), &env, price_change(LAMP, 100)).await;
    let log = Log::open(database.pool()).await;
    assert_eq!(log.all().await, []);
    log.close().await;
}

#[tokio::test]
async fn entries_are_filtered_newest_first() {
    let database = testing::database(&audit::MIGRATOR).await;
    let (pool, env) = (database.pool(), env());
    let mut tx = pool.begin().await.unwrap();
    // A call that did not come through the gateway.
    let created = Change::created("product.create", Uuid::from_u128(2), &json!({"name": "Desk"}));
    drop(created.write(&mut tx, &env).await.unwrap());
    tx.commit().await.unwrap();
    env.advance(SignedDuration::from_secs(10));
    write(pool, &env, price_change(LAMP, 200)).await;

    let log = Log::open(pool).await;
    let actions = async |request: ListAuditEntriesRequest| {
        let found = log.list(request).await.unwrap();
        let actions = found.entries.iter().map(|entry| entry.action.clone());
        (actions.collect::<Vec<_>>().join(" "), found.total_count)
    };
    let all = ListAuditEntriesRequest::default;
    let (create, update) = ("product.create".to_owned(), "product.update".to_owned());
    assert_eq!(actions(all()).await, (format!("{update} {create}"), 2));
    let request = ListAuditEntriesRequest { limit: 1, ..all() };
    assert_eq!(actions(request).await, (update.clone(), 2));
    let request = ListAuditEntriesRequest { actor_id: ADMIN.to_string(), ..all() };
    assert_eq!(actions(request).await, (update.clone(), 1));
    let request = ListAuditEntriesRequest { object_id: LAMP.to_string(), ..all() };
    assert_eq!(actions(request).await, (update.clone(), 1));
    let request = ListAuditEntriesRequest { action: create.clone(), ..all() };
    assert_eq!(actions(request).await, (create.clone(), 1));
    let request = ListAuditEntriesRequest { from: "2026-03-01T12:00:10Z".into(), ..all() };
    assert_eq!(actions(request).await, (update, 1));
    let request = ListAuditEntriesRequest { to: "2026-03-01T12:00:10Z".into(), ..all() };
    assert_eq!(actions(request).await, (create, 1));
    log.close().await;
}

#[tokio::test]
async fn invalid_filters_are_rejected_together() {
    let database = testing::database(&audit::MIGRATOR).await;
    let log = Log::open(database.pool()).await;
    let request = ListAuditEntriesRequest {
        actor_id: "ada".into(),
        object_id: "lamp".into(),
        action: "a\u{0}b".into(),
        from: "yesterday".into(),
        to: "tomorrow".into(),
        limit: MAX_ENTRIES + 1,
    };
    let rejected = testing::fields(log.list(request).await);
    assert_eq!(rejected, ["actor_id", "object_id", "action", "from", "to", "limit"]);
    log.close().await;
}

#[tokio::test]
async fn old_entries_are_deleted() {
    let database = testing::database(&audit::MIGRATOR).await;
    let (pool, env) = (database.pool(), env());
    write(pool, &env, price_change(LAMP, 200)).await;
    env.advance(SignedDuration::from_hours(24 * 400));
    write(pool, &env, price_change(Uuid::from_u128(2), 200)).await;
    env.advance(SignedDuration::from_secs(1));
    let log = Log::open(pool).await;
    let sweeper = tokio::spawn(audit::sweep(pool.clone(), env, settings(&[])));
    let swept = async {
        while log.all().await.len() != 1 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(30), swept).await.unwrap();
    assert_eq!(log.all().await[0].object_id, Uuid::from_u128(2).to_string());
    sweeper.abort();
    log.close().await;
}
