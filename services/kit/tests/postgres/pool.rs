//! Tests of the pool and of listeners.

use crate::fixture::{Service, pool, pool_through, settings};
use kit::Runtime;
use kit::postgres::{Kind, ListenEvent, constraint, kind};
use sqlx::query;
use std::io::Write as _;
use std::time::{Duration, Instant};
use testing::FaultProxy;
use tokio::net::TcpListener;

#[tokio::test]
async fn violated_constraint_is_reported_by_name() {
    let pool = pool(&[], &Runtime::for_tests()).await;
    let insert = || query("INSERT INTO things (name) VALUES ('a')").execute(&pool);
    insert().await.expect("the first row");
    let error = insert().await.expect_err("the name is taken");
    assert_eq!(kind(&error), Kind::Constraint);
    assert_eq!(constraint(&error), Some("things_name_key"));
}

#[tokio::test]
async fn server_enforces_statement_lock_and_idle_timeouts() {
    let limits = [
        ["--database-statement-timeout", "400ms"],
        ["--database-lock-timeout", "100ms"],
        ["--database-idle-in-transaction-timeout", "200ms"],
    ];
    let pool = pool(limits.as_flattened(), &Runtime::for_tests()).await;
    let slow = query("SELECT pg_sleep(5)").execute(&pool).await.expect_err("statement timeout");
    assert_eq!(kind(&slow), Kind::Unavailable, "{slow}");

    let lock = "LOCK TABLE things IN ACCESS EXCLUSIVE MODE";
    let mut holder = pool.begin().await.expect("a transaction");
    query(lock).execute(&mut *holder).await.expect("the lock");
    let mut waiter = pool.begin().await.expect("a transaction");
    let waited = query(lock).execute(&mut *waiter).await.expect_err("lock timeout");
    assert_eq!(kind(&waited), Kind::Conflict, "{waited}");

    tokio::time::sleep(Duration::from_millis(400)).await;
    let idle = query("SELECT 1").execute(&mut *holder).await.expect_err("idle timeout");
    assert_eq!(kind(&idle), Kind::Unavailable, "{idle}");
}

#[tokio::test]
async fn stopped_server_is_unavailable_within_the_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let url = format!("postgres://role:secret@127.0.0.1:{port}/db");
    let args = settings(&url, &["--database-acquire-timeout", "300ms"]);
    let pool = kit::postgres::connect(&args, &Runtime::for_tests()).expect("a pool");
    let start = Instant::now();
    let error = query("SELECT 1").execute(&pool).await.expect_err("the server is stopped");
    assert_eq!(kind(&error), Kind::Unavailable);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
}

#[tokio::test]
async fn terminated_connection_is_unavailable_and_replaced() {
    let pool = pool(&[], &Runtime::for_tests()).await;
    let mut connection = pool.acquire().await.expect("a connection");
    let terminated = query("SELECT pg_terminate_backend(pg_backend_pid())");
    let error = terminated.execute(&mut *connection).await.expect_err("a terminated connection");
    assert_eq!(kind(&error), Kind::Unavailable, "{error}");
    drop(connection);
    query("SELECT 1").execute(&pool).await.expect("another connection");
}

#[tokio::test]
async fn pool_is_bounded_and_has_metrics() {
    let runtime = Runtime::for_tests().component("catalog");
    let limits = ["--database-max-connections", "2", "--database-acquire-timeout", "2s"];
    let pool = pool(&limits, &runtime).await;
    let held = [pool.acquire().await.expect("one"), pool.acquire().await.expect("two")];
    let error = pool.acquire().await.expect_err("the limit is two");
    assert_eq!(kind(&error), Kind::Unavailable);
    let text = runtime.metrics().text();
    for (state, count) in [("idle", 0), ("used", 2), ("max", 2)] {
        let line = format!("{{component=\"catalog\",state=\"{state}\"}} {count}\n");
        assert!(text.contains(&format!("postgres_pool_connections{line}")), "{text}");
    }
    drop(held);
}

#[tokio::test]
async fn changed_password_file_is_reloaded() {
    let service = Service::new();
    service.provision("first").await.expect("provisioned");
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all(b"first\n").expect("written");
    let url = format!("postgres://{0}@{1}/{0}", service.name, Service::server());
    let path = file.path().to_str().expect("UTF-8");
    let more = ["--database-password-file", path, "--database-max-connections", "1"];
    let runtime = Runtime::for_tests();
    let pool = kit::postgres::connect(&settings(&url, &more), &runtime).expect("a pool");
    query("SELECT 1").execute(&pool).await.expect("the first password is valid");

    service.provision("second").await.expect("provisioned again");
    file.write_all(b"\n").expect("written");
    std::fs::write(file.path(), "second").expect("written");
    let start = Instant::now();
    loop {
        // Discards the connection, so that each attempt makes a new one.
        pool.acquire().await.map(|connection| drop(connection.detach())).ok();
        if query("SELECT 1").execute(&pool).await.is_ok() {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "the new password is not loaded");
    }
    runtime.stop().await;
}

#[tokio::test]
async fn listener_reconnects_and_reports_the_gap() {
    let runtime = Runtime::for_tests();
    let pool = pool(&[], &runtime).await;
    let mut events = kit::postgres::listen(&pool, "changes", &runtime);
    let notify = || query("SELECT pg_notify('changes', 'p-1')").execute(&pool);
    for round in 0..2 {
        let mut next = async || {
            let next = tokio::time::timeout(Duration::from_secs(10), events.recv()).await;
            next.expect("in time").expect("a running listener")
        };
        assert_eq!(next().await, ListenEvent::Listening, "round {round}");
        notify().await.expect("notified");
        assert_eq!(next().await, ListenEvent::Notified("p-1".to_owned()));
        query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE datname = current_database() AND query LIKE 'LISTEN%'",
        )
        .execute(&pool)
        .await
        .expect("ended");
    }
    runtime.stop().await;
}

#[tokio::test]
async fn listener_detects_a_stalled_connection() {
    let runtime = Runtime::for_tests();
    let proxy = FaultProxy::start(Service::server()).await;
    let pool = pool_through(&proxy, &[], &runtime).await;
    let probe_interval = Duration::from_millis(100);
    let mut events =
        kit::postgres::listen_with_probe_interval(probe_interval, &pool, "changes", &runtime);
    let mut next = async || {
        let next = tokio::time::timeout(Duration::from_secs(20), events.recv()).await;
        next.expect("in time").expect("a running listener")
    };
    assert_eq!(next().await, ListenEvent::Listening);
    // Probes do not lose notifications.
    for n in 0..20 {
        let notify = query("SELECT pg_notify('changes', $1)").bind(n.to_string());
        notify.execute(&pool).await.expect("notified");
        assert_eq!(next().await, ListenEvent::Notified(n.to_string()));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    proxy.stall();
    assert_eq!(next().await, ListenEvent::Listening, "the listener reconnects");
    runtime.stop().await;
}

#[tokio::test]
async fn stalled_connection_is_removed_from_the_pool() {
    let proxy = FaultProxy::start(Service::server()).await;
    let limits = ["--database-max-connections", "1", "--database-acquire-timeout", "5s"];
    let pool = pool_through(&proxy, &limits, &Runtime::for_tests()).await;
    query("SELECT 1").execute(&pool).await.expect("a connection");
    let slow = query("SELECT pg_sleep(1)").execute(&pool);
    let caller = tokio::time::timeout(Duration::from_secs(2), async {
        tokio::join!(slow, async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            proxy.stall();
        })
    });
    caller.await.expect_err("a timeout, because the response is lost");
    let start = Instant::now();
    while query("SELECT 1").execute(&pool).await.is_err() {
        assert!(start.elapsed() < Duration::from_secs(20), "the pool stays exhausted");
    }
}
