//! A database for one test.

use std::sync::LazyLock;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, query};
use tokio::time::{sleep, timeout};

use crate::{background, postgres, template};

/// Creates and drops databases, at most this many at a time.
const ADMIN_CONNECTIONS: u32 = 4;
/// A test needs few connections; the limit finds tests that leak them.
const CONNECTIONS: u32 = 5;
/// Idle connections close soon, because many tests share the connections of the server.
const IDLE_TIMEOUT: Duration = Duration::from_secs(1);
/// Dropping a database takes milliseconds; a server that takes longer has stopped.
const DROP_TIMEOUT: Duration = Duration::from_secs(30);
/// A terminated connection ends within milliseconds.
const TERMINATION_INTERVAL: Duration = Duration::from_millis(2);
const TERMINATION_CHECKS: u32 = 50;

/// The administrator's connections. They belong to the background runtime.
static ADMIN: LazyLock<PgPool> = LazyLock::new(|| {
    let options = PgPoolOptions::new().max_connections(ADMIN_CONNECTIONS);
    options.connect_lazy_with(server())
});

/// A database with a service's tables and a pool of connections to it. It is dropped, with all
/// connections to it, when this value is dropped.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
    url: String,
    pool: PgPool,
}

impl TestDatabase {
    /// The pool of connections.
    #[must_use]
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    /// The URL of the database, with the superuser's credentials.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Creates a database with the tables of `migrator`, by copying a template that is migrated once
/// per server.
///
/// # Panics
/// If there is no PostgreSQL server ([`postgres`]), or the database cannot be created.
pub async fn database(migrator: &'static Migrator) -> TestDatabase {
    // This may start the server, so it must run before the background runtime is entered.
    let server = server();
    let name = background::run(create(server.clone(), migrator)).await;
    let name = name.expect("a database for the test");
    let options = server.database(&name);
    let url = options.to_url_lossy().into();
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .idle_timeout(IDLE_TIMEOUT)
        .connect_lazy_with(options);
    TestDatabase { name, url, pool }
}

fn server() -> PgConnectOptions {
    postgres().parse().expect("DATABASE_URL is the URL of a PostgreSQL server")
}

async fn create(server: PgConnectOptions, migrator: &Migrator) -> Result<String, sqlx::Error> {
    let template = template::template(&server, migrator).await?;
    let name = format!("test_{}", kit::Env::system().uuid().simple());
    let sql = format!("CREATE DATABASE {name} TEMPLATE {template}");
    query(AssertSqlSafe(sql)).execute(&*ADMIN).await?;
    Ok(name)
}

/// Drops a database. Its connections are ended first, because `DROP DATABASE` itself waits for them
/// in steps of 100 ms.
async fn remove(name: &str) -> Result<(), sqlx::Error> {
    query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1")
        .bind(name)
        .execute(&*ADMIN)
        .await?;
    for _ in 0..TERMINATION_CHECKS {
        let connections = query("SELECT FROM pg_stat_activity WHERE datname = $1 LIMIT 1");
        if connections.bind(name).fetch_optional(&*ADMIN).await?.is_none() {
            break;
        }
        sleep(TERMINATION_INTERVAL).await;
    }
    let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    query(AssertSqlSafe(sql)).execute(&*ADMIN).await?;
    Ok(())
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let dropped =
            background::block_on(|| async { timeout(DROP_TIMEOUT, remove(&self.name)).await });
        // The result of the test counts, and a private server is removed with all its databases.
        match dropped {
            Ok(Ok(())) => {}
            Ok(Err(error)) => eprintln!("could not drop the database {}: {error}", self.name),
            Err(_) => eprintln!("could not drop the database {} in time", self.name),
        }
    }
}
