//! Tests of pools and listeners when another server becomes the primary.

use crate::fixture::{pool, settings};
use kit::Runtime;
use kit::postgres::{Kind, ListenEvent, kind};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection, PgPool, query, query_scalar};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use testing::{FaultProxy, ReplicatedPostgres};
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Longest time of a step on a busy machine. The pool replaces connections after 30 minutes anyway.
const STEP: Duration = Duration::from_secs(45);

async fn until(what: &str, mut is_met: impl AsyncFnMut() -> bool) {
    let start = Instant::now();
    while !is_met().await {
        assert!(start.elapsed() < STEP, "{what}");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.expect("a connection")
}

async fn count(connection: &mut PgConnection, statement: &'static str) -> i64 {
    query_scalar(statement).fetch_one(connection).await.expect("a number")
}

fn address(url: &str) -> String {
    let options: PgConnectOptions = url.parse().expect("a URL");
    format!("{}:{}", options.get_host(), options.get_port())
}

/// Writes without end, as a service does: errors are classified, and the pool is used again.
async fn write(pool: PgPool) {
    loop {
        if let Err(error) = query("INSERT INTO writes DEFAULT VALUES").execute(&pool).await {
            assert_eq!(kind(&error), Kind::Unavailable, "{error}");
        }
        sleep(Duration::from_millis(10)).await;
    }
}

async fn wait_for(events: &mut Receiver<ListenEvent>, expected: &ListenEvent) {
    let wait = async { while events.recv().await.as_ref() != Some(expected) {} };
    timeout(STEP, wait).await.unwrap_or_else(|_| panic!("no {expected:?}"));
}

/// The former primary becomes read-only and keeps its connections open.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promoted_standby_gets_the_writes_of_open_pools() {
    let servers = ReplicatedPostgres::start().await.expect("two servers");
    let mut primary = connect(servers.primary_url()).await;
    query("CREATE TABLE writes (id int GENERATED ALWAYS AS IDENTITY)")
        .execute(&mut primary)
        .await
        .expect("a table");
    let mut standby = connect(servers.standby_url()).await;
    until("the standby replicates", async || {
        let table = "SELECT count(*) FROM pg_class WHERE relname = 'writes'";
        count(&mut standby, table).await == 1
    })
    .await;

    let proxy = FaultProxy::start(address(servers.primary_url())).await;
    let url = servers.primary_url();
    let url = url.replace(&address(url), &proxy.address().to_string());
    let runtime = Runtime::for_tests();
    let pool = kit::postgres::connect(&settings(&url, &[]), &runtime).expect("a pool");
    let mut events = kit::postgres::listen(&pool, "changes", &runtime);
    wait_for(&mut events, &ListenEvent::Listening).await;
    let mut writers: JoinSet<()> = (0..4).map(|_| write(pool.clone())).collect();
    until("the primary gets writes", async || {
        count(&mut primary, "SELECT count(*) FROM writes").await > 20
    })
    .await;

    for statement in
        ["ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"]
    {
        query(statement).execute(&mut primary).await.expect("read-only");
    }
    proxy.redirect(address(servers.standby_url()));
    query("SELECT pg_promote()").execute(&mut standby).await.expect("promoted");
    let before = count(&mut standby, "SELECT count(*) FROM writes").await;
    until("the promoted standby gets the writes", async || {
        count(&mut standby, "SELECT count(*) FROM writes").await > before + 20
    })
    .await;
    until("connections to the former primary are closed", async || {
        let open = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'test'";
        count(&mut primary, open).await == 0
    })
    .await;
    wait_for(&mut events, &ListenEvent::Listening).await;
    let notify = query("SELECT pg_notify('changes', 'after')");
    notify.execute(&mut standby).await.expect("notified");
    wait_for(&mut events, &ListenEvent::Notified("after".to_owned())).await;

    writers.shutdown().await;
    runtime.stop().await;
    servers.stop().await;
}

/// Returns the server processes of three connections of the pool.
async fn processes(pool: &PgPool) -> BTreeSet<i32> {
    let mut held = Vec::new();
    let mut processes = BTreeSet::new();
    for _ in 0..3 {
        let mut connection = pool.acquire().await.expect("a connection");
        let process = query_scalar("SELECT pg_backend_pid()").fetch_one(&mut *connection).await;
        processes.insert(process.expect("a process"));
        held.push(connection);
    }
    processes
}

/// After the first error of a server that shuts down, its other connections are not tried.
#[tokio::test]
async fn error_of_a_shutdown_replaces_the_other_connections() {
    let limits = ["--database-max-connections", "3", "--database-acquire-timeout", "30s"];
    let pool = pool(&limits, &Runtime::for_tests()).await;
    let before = processes(&pool).await;
    let shutdown = "SELECT pg_terminate_backend(pg_backend_pid())";
    let error = query(shutdown).execute(&pool).await.expect_err("a terminated connection");
    assert_eq!(kind(&error), Kind::Unavailable, "{error}");
    // Another test of this process may have retired connections less than a second ago.
    until("the connections are replaced", async || processes(&pool).await.is_disjoint(&before))
        .await;
}
