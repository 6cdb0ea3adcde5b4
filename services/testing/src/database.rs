//! A database for one test.

use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, ConnectOptions as _, query, query_scalar};

use crate::{background, postgres, template};

/// Creates and drops databases, at most this many at a time.
const ADMIN_CONNECTIONS: u32 = 4;
/// A test needs few connections; the limit finds tests that leak them.
const CONNECTIONS: u32 = 5;
/// Idle connections close soon, because many tests share the connections of the server.
const IDLE_TIMEOUT: Duration = Duration::from_secs(1);
/// Databases of ended processes that one creation drops: more than a test creates on average.
const MAX_LEFTOVERS: usize = 8;

/// The administrator's connections. They belong to the background runtime.
static ADMIN: LazyLock<PgPool> = LazyLock::new(|| {
    let options = PgPoolOptions::new().max_connections(ADMIN_CONNECTIONS);
    options.connect_lazy_with(server())
});

/// A database with a service's tables and a pool of connections to it. It is dropped, with all
/// connections to it, after this value is dropped.
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
    background::spawn(drop_leftovers());
    let template = template::template(&server, migrator).await?;
    let id = kit::Env::system().uuid().simple();
    let name = format!("test_{}_{id}", std::process::id());
    let sql = format!("CREATE DATABASE {name} TEMPLATE {template}");
    query(AssertSqlSafe(sql)).execute(&*ADMIN).await?;
    Ok(name)
}

/// Drops a database and ends its connections.
async fn remove(name: &str) -> Result<(), sqlx::Error> {
    let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    query(AssertSqlSafe(sql)).execute(&*ADMIN).await?;
    Ok(())
}

/// Drops databases whose process has ended, as the processes of nextest do right after their test.
async fn drop_leftovers() {
    let names = query_scalar("SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%\\_%'");
    let names: Vec<String> = names.fetch_all(&*ADMIN).await.unwrap_or_default();
    for name in names.iter().filter(|name| is_leftover(name)).take(MAX_LEFTOVERS) {
        // Fails when another process drops the same database.
        drop(remove(name).await);
    }
}

/// Whether the process in the name of the database has ended. Without `/proc` none counts as ended;
/// the databases then stay until the server is removed.
fn is_leftover(name: &str) -> bool {
    let pid = name.split('_').nth(1).and_then(|pid| pid.parse::<u32>().ok());
    let has_proc = Path::new("/proc/self").exists();
    pid.is_some_and(|pid| has_proc && !Path::new(&format!("/proc/{pid}")).exists())
}

impl Drop for TestDatabase {
    /// Drops the database in the background. PostgreSQL waits until every server process has
    /// handled the drop. A connection that this test opens just now would make it wait for as long
    /// as this thread, which runs the test's connections, waits for PostgreSQL.
    fn drop(&mut self) {
        let name = std::mem::take(&mut self.name);
        background::spawn(async move {
            // A private server is removed with all its databases, and `drop_leftovers` retries.
            drop(remove(&name).await);
        });
    }
}
