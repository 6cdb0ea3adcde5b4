//! Template databases: each set of migrations is run once per server, and copied for each test.
//!
//! A template is named by the versions and checksums of its migrations, so a changed migration
//! leads to a new template. Processes that share a server create it under an advisory lock. A
//! template is complete when it is marked as one (`datistemplate`); an incomplete one was left by a
//! killed process and is created again.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, query, query_scalar,
};
use tokio::sync::OnceCell;

/// The advisory lock under which templates are created. An arbitrary constant.
const LOCK: i64 = 0x7465_6d70_6c61_7465;

/// The templates that this process has found or created.
static TEMPLATES: LazyLock<Mutex<HashMap<String, Arc<OnceCell<()>>>>> =
    LazyLock::new(Mutex::default);

/// Returns the name of the template with these migrations, which is created if it does not exist.
pub(crate) async fn template(
    server: &PgConnectOptions,
    migrator: &Migrator,
) -> Result<String, sqlx::Error> {
    let name = name(migrator);
    let cell = {
        let mut templates = TEMPLATES.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(templates.entry(name.clone()).or_default())
    };
    cell.get_or_try_init(|| ensure(server, &name, migrator)).await?;
    Ok(name)
}

fn name(migrator: &Migrator) -> String {
    let mut hash = Sha256::new();
    for migration in migrator.iter() {
        hash.update(migration.version.to_be_bytes());
        hash.update(&migration.checksum);
    }
    let digits: String = hash.finalize().iter().take(16).map(|b| format!("{b:02x}")).collect();
    format!("template_{digits}")
}

async fn ensure(
    server: &PgConnectOptions,
    name: &str,
    migrator: &Migrator,
) -> Result<(), sqlx::Error> {
    // Closing the connection releases the lock, also when this process is killed.
    let mut connection = server.connect().await?;
    query("SELECT pg_advisory_lock($1)").bind(LOCK).execute(&mut connection).await?;
    if !is_complete(&mut connection, name).await? {
        create(&mut connection, server, name, migrator).await?;
    }
    connection.close().await
}

async fn is_complete(connection: &mut PgConnection, name: &str) -> Result<bool, sqlx::Error> {
    let complete = query_scalar("SELECT datistemplate FROM pg_database WHERE datname = $1")
        .bind(name)
        .fetch_optional(connection)
        .await?;
    Ok(complete.unwrap_or(false))
}

async fn create(
    connection: &mut PgConnection,
    server: &PgConnectOptions,
    name: &str,
    migrator: &Migrator,
) -> Result<(), sqlx::Error> {
    let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
    query(AssertSqlSafe(sql)).execute(&mut *connection).await?;
    let sql = format!("CREATE DATABASE {name}");
    query(AssertSqlSafe(sql)).execute(&mut *connection).await?;
    let options = server.clone().database(name);
    let template = PgPoolOptions::new().max_connections(1).connect_with(options).await?;
    migrator.run(&template).await?;
    template.close().await;
    // A database with connections cannot be copied.
    let sql = format!("ALTER DATABASE {name} WITH ALLOW_CONNECTIONS false IS_TEMPLATE true");
    query(AssertSqlSafe(sql)).execute(connection).await?;
    Ok(())
}

#[cfg(test)]
mod tests_with_servers {
    use futures::future::join_all;

    use super::*;

    static MIGRATOR: Migrator = sqlx::migrate!("tests/migrations");

    /// Each call stands for a process, since it does not use [`TEMPLATES`].
    #[tokio::test]
    async fn concurrent_processes_create_a_template_once() {
        let server: PgConnectOptions = crate::postgres().parse().unwrap();
        let name = format!("template_{}", kit::Env::system().uuid().simple());
        let calls = (0..4).map(|_| ensure(&server, &name, &MIGRATOR));
        join_all(calls).await.into_iter().collect::<Result<Vec<_>, _>>().unwrap();
        let mut connection = server.connect().await.unwrap();
        assert!(is_complete(&mut connection, &name).await.unwrap());
    }

    #[tokio::test]
    async fn incomplete_template_is_created_again() {
        let server: PgConnectOptions = crate::postgres().parse().unwrap();
        let name = format!("template_{}", kit::Env::system().uuid().simple());
        let mut connection = server.connect().await.unwrap();
        let sql = format!("CREATE DATABASE {name}");
        query(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        ensure(&server, &name, &MIGRATOR).await.unwrap();
        let sql = format!("CREATE DATABASE {name}_copy TEMPLATE {name}");
        query(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        let mut copy = server.clone().database(&format!("{name}_copy")).connect().await.unwrap();
        query("SELECT name FROM items").execute(&mut copy).await.unwrap();
    }
}
