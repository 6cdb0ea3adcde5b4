//! Tests against a real PostgreSQL server.

#![cfg(test)]

use clap::Parser;
use kit::Runtime;
use kit::postgres::{ExistingRole, Kind, ListenEvent, ProvisionArgs, constraint, kind};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{Connection as _, PgConnection, PgPool, SqlSafeStr as _, query, query_scalar};
use std::io::Write as _;
use std::time::{Duration, Instant};
use testing::FaultProxy;
use tokio::net::TcpListener;

static MIGRATOR: Migrator = sqlx::migrate!("tests/migrations");

#[derive(Parser)]
struct Settings {
    #[command(flatten)]
    args: kit::postgres::Args,
}

#[derive(Parser)]
struct ProvisionSettings {
    #[command(flatten)]
    args: ProvisionArgs,
}

fn admin_url() -> &'static str {
    testing::postgres()
}

/// A role and a database of the same name. They are removed with the test's server.
struct Service {
    name: String,
}

impl Service {
    fn new() -> Self {
        Self { name: format!("kit_{}", kit::Env::system().uuid().simple()) }
    }

    /// The server's address without user, password and database.
    fn server() -> String {
        let url = admin_url();
        let host = url.rsplit_once('@').expect("a user").1;
        host.split_once('/').expect("a database").0.to_owned()
    }

    fn url(&self, password: &str) -> String {
        format!("postgres://{0}:{password}@{1}/{0}", self.name, Self::server())
    }

    async fn provision(&self, password: &str) -> Result<(), kit::Error> {
        self.provision_with(password, ExistingRole::SetPassword).await
    }

    async fn provision_with(
        &self,
        password: &str,
        existing: ExistingRole,
    ) -> Result<(), kit::Error> {
        let url = format!("postgres://{0}@{1}/{0}", self.name, Self::server());
        let (admin, password) = (admin_url().to_owned(), password.to_owned());
        let args = ["x", "--database-url", &url, "--admin-database-url", &admin];
        let args = args.into_iter().chain(["--database-password", &password]);
        kit::postgres::provision(&ProvisionSettings::parse_from(args).args, existing).await
    }

    async fn connect(&self, password: &str) -> Result<PgConnection, sqlx::Error> {
        PgConnection::connect(&self.url(password)).await
    }
}

/// Parses the settings of a service with the URL and further arguments.
fn settings(url: &str, more: &[&str]) -> kit::postgres::Args {
    let args = ["x", "--database-url", url].into_iter().chain(more.iter().copied());
    Settings::parse_from(args).args
}

/// Creates a pool for a new, migrated database.
async fn pool(more: &[&str], runtime: &Runtime) -> PgPool {
    let service = Service::new();
    service.provision("secret").await.expect("provisioned");
    let args = settings(&service.url("secret"), more);
    kit::postgres::migrate(&args, &MIGRATOR).await.expect("migrated");
    kit::postgres::connect(&args, runtime).expect("a pool")
}

#[tokio::test]
async fn repeated_provisioning_keeps_data_and_sets_password() {
    let service = Service::new();
    service.provision("first").await.expect("provisioned");
    let mut connection = service.connect("first").await.expect("a connection of the role");
    query("CREATE TABLE kept (n int)").execute(&mut connection).await.expect("a table");

    service.provision("second").await.expect("provisioned again");
    assert!(service.connect("first").await.is_err(), "the old password is invalid");
    let mut connection = service.connect("second").await.expect("the new password is valid");
    let kept: i64 = query_scalar("SELECT count(*) FROM kept")
        .fetch_one(&mut connection)
        .await
        .expect("the table exists");
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn kept_role_with_another_password_is_rejected() {
    let service = Service::new();
    for _ in 0..2 {
        service.provision_with("first", ExistingRole::Keep).await.expect("created, then kept");
    }
    let result =
        service.provision_with("second", ExistingRole::Keep).await.expect_err("another password");
    assert!(matches!(result, kit::Error::RoleTaken { role } if role == service.name));
    service.connect("first").await.expect("the password is unchanged");

    let admin = &mut PgConnection::connect(admin_url()).await.expect("the administrator");
    let drop = format!("DROP DATABASE {}", service.name);
    query(sqlx::AssertSqlSafe(drop)).execute(admin).await.expect("dropped");
    service
        .provision_with("first", ExistingRole::Keep)
        .await
        .expect("the database is created again");
    service.connect("first").await.expect("a connection");
}

#[tokio::test]
async fn role_cannot_connect_to_another_services_database() {
    let [one, other] = [Service::new(), Service::new()];
    for service in [&one, &other] {
        service.provision("secret").await.expect("provisioned");
    }
    let url = format!("postgres://{}:secret@{}/{}", one.name, Service::server(), other.name);
    let error = PgConnection::connect(&url).await.expect_err("no privilege");
    let code = error.as_database_error().and_then(|error| error.code()).expect("a code");
    assert_eq!(code, "42501");
}

#[tokio::test]
async fn concurrent_provisioning_succeeds() {
    let service = Service::new();
    let all = (0..8).map(|_| service.provision("secret"));
    for result in futures::future::join_all(all).await {
        result.expect("provisioned");
    }
    service.connect("secret").await.expect("a connection of the role");
}

#[tokio::test]
async fn concurrent_migrations_succeed() {
    let service = Service::new();
    service.provision("secret").await.expect("provisioned");
    let args = settings(&service.url("secret"), &[]);
    let all = (0..4).map(|_| kit::postgres::migrate(&args, &MIGRATOR));
    for result in futures::future::join_all(all).await {
        result.expect("migrated");
    }
}

#[tokio::test]
async fn rollback_ignores_newer_migrations_but_verifies_its_own() {
    let service = Service::new();
    service.provision("secret").await.expect("provisioned");
    let args = settings(&service.url("secret"), &[]);
    let migration = |version, text: &'static str| {
        Migration::new(version, "".into(), MigrationType::Simple, text.into_sql_str(), false)
    };
    let own: Vec<Migration> = MIGRATOR.iter().cloned().collect();
    let mut newer = own.clone();
    newer.push(migration(1_000, "ALTER TABLE things ADD COLUMN color text"));
    kit::postgres::migrate(&args, &Migrator::with_migrations(newer)).await.expect("upgrade");
    kit::postgres::migrate(&args, &MIGRATOR).await.expect("rollback");

    let changed = migration(own[0].version, "CREATE TABLE others (id int)");
    let result = kit::postgres::migrate(&args, &Migrator::with_migrations(vec![changed])).await;
    assert!(matches!(result, Err(kit::Error::Migrate(_))), "{result:?}");
}

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

/// Creates a pool that connects to a new database through a proxy.
async fn pool_through(proxy: &FaultProxy, more: &[&str], runtime: &Runtime) -> PgPool {
    let service = Service::new();
    service.provision("secret").await.expect("provisioned");
    let url = format!("postgres://{0}:secret@{1}/{0}", service.name, proxy.address());
    kit::postgres::connect(&settings(&url, more), runtime).expect("a pool")
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
