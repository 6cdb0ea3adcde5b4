//! Tests behind the connection pooler PgBouncer.

use crate::fixture::{MIGRATOR, Service, admin_url, settings};
use clap::Parser;
use kit::postgres::{Kind, ListenEvent, kind};
use kit::{Error, Process, Runtime};
use sqlx::query;
use std::future::pending;
use std::time::Duration;
use testing::PgBouncer;
use tokio::time::timeout;

#[derive(Parser)]
struct ProcessSettings {
    #[command(flatten)]
    args: kit::Args,
}

/// Starts a pooler that knows the service's role, and returns it with the administrator's URL.
async fn pooler(mode: &str, service: &Service) -> (PgBouncer, String) {
    let pooler = PgBouncer::start(mode, admin_url(), &[(&service.name, "secret")]).await;
    let admin = admin_url().replace(&Service::server(), &pooler.address());
    (pooler, admin)
}

fn url(pooler: &PgBouncer, service: &Service) -> String {
    format!("postgres://{0}:secret@{1}/{0}", service.name, pooler.address())
}

#[tokio::test]
async fn session_mode_is_supported() {
    let service = Service::new();
    let (pooler, admin) = pooler("session", &service).await;
    for _ in 0..3 {
        let provisioned = service.provision_at(&pooler.address(), &admin, "secret", &[]).await;
        provisioned.expect("never taken for transaction mode");
    }
    let url = url(&pooler, &service);
    let runtime = Runtime::for_tests();
    let connect = |more: &[&str]| {
        // A busy machine needs longer than the default to connect.
        let args = settings(&url, &[more, &["--database-acquire-timeout", "30s"]].concat());
        (kit::postgres::connect(&args, &runtime).expect("a pool"), args)
    };
    let (limited, _) = connect(&["--database-statement-timeout", "300ms"]);
    let slow = query("SELECT pg_sleep(9)").execute(&limited).await.expect_err("statement timeout");
    assert_eq!(kind(&slow), Kind::Unavailable, "{slow}");

    let (pool, args) = connect(&[]);
    kit::postgres::migrate(&args, &MIGRATOR).await.expect("migrated");
    query("INSERT INTO things (name) VALUES ('a')").execute(&pool).await.expect("a row");

    let mut events = kit::postgres::listen(&pool, "changes", &runtime);
    assert_eq!(events.recv().await, Some(ListenEvent::Listening));
    query("SELECT pg_notify('changes', 'p-1')").execute(&pool).await.expect("notified");
    assert_eq!(events.recv().await, Some(ListenEvent::Notified("p-1".to_owned())));
    runtime.stop().await;
}

#[tokio::test]
async fn other_modes_are_refused_by_provisioning() {
    for mode in ["transaction", "statement"] {
        let service = Service::new();
        let (pooler, admin) = pooler(mode, &service).await;
        let refused = service.provision_at(&pooler.address(), &admin, "secret", &[]).await;
        assert!(matches!(refused, Err(Error::TransactionPooling)), "{mode}: {refused:?}");
        assert!(service.connect("secret").await.is_err(), "{mode}: nothing is created");
    }
}

/// A process with a pool ends in front of transaction mode, and in front of PostgreSQL itself or
/// session mode it does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn process_ends_at_start_in_transaction_mode_only() {
    let settings_of_process = ["x", "--admin-addr", "127.0.0.1:0", "--shutdown-grace-secs", "1"];
    let process = ProcessSettings::parse_from(settings_of_process).args;
    let process = Process::start("test", &process).await.expect("a process");
    let runtime = process.runtime();
    let service = Service::new();
    service.provision("secret").await.expect("provisioned");
    let connect = |url: &str| {
        let pool = kit::postgres::connect(&settings(url, &[]), &runtime);
        pool.expect("a pool")
    };
    let (session, _) = pooler("session", &service).await;
    let pools = [connect(&service.url("secret")), connect(&url(&session, &service))];
    let component = Box::pin(pending());
    let mut running = Box::pin(process.run(vec![component]));
    for _ in 0..10 {
        for pool in &pools {
            query("SELECT 1").execute(pool).await.expect("a response");
        }
        let ended = timeout(Duration::from_millis(100), &mut running).await;
        assert!(ended.is_err(), "a false alarm: {ended:?}");
    }

    let (transaction, _) = pooler("transaction", &service).await;
    let _pool = connect(&url(&transaction, &service));
    let ended = timeout(Duration::from_secs(20), running).await.expect("an end");
    assert!(matches!(ended, Err(Error::TransactionPooling)), "{ended:?}");
}
