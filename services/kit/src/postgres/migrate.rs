//! Database migrations.

use super::collations::rebuild_outdated_indexes;
use super::connect::Args;
use super::error::{Kind, kind};
use super::statement::failed;
use crate::Error;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// Longest wait for PostgreSQL before a migration. After that the Job is retried.
const WAIT: Duration = Duration::from_secs(60);

/// Longest time for one attempt to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Delay between two attempts to connect.
const RETRY_DELAY: Duration = Duration::from_millis(250);

/// Applies the pending migrations, one process at a time (enforced by an advisory lock). Statements
/// have no time limit here.
///
/// Applied migrations that this binary does not contain are not an error: the version is being
/// rolled back, and newer migrations only add what an older version does not need.
///
/// Afterwards indexes are rebuilt whose collation has another version than when they were built.
///
/// # Errors
/// When PostgreSQL is unavailable for too long, a migration fails or was changed after it was
/// applied, or an index cannot be rebuilt.
pub async fn migrate(args: &Args, migrator: &Migrator) -> Result<(), Error> {
    let options = args.options("migrate")?;
    let step = "connect to the database";
    let mut connection = connect_with_retry(&options, WAIT).await.map_err(failed(step))?;
    let mut migrator = Migrator::with_migrations(migrator.iter().cloned().collect());
    migrator.set_ignore_missing(true).run(&mut connection).await?;
    rebuild_outdated_indexes(&mut connection).await?;
    connection.close().await.map_err(failed(step))
}

/// Connects, retrying while the server is unavailable, for at most `wait`. A wrong password or a
/// missing database is retried too: the Secret or the database may be created in the meantime.
pub(super) async fn connect_with_retry(
    options: &PgConnectOptions,
    wait: Duration,
) -> Result<PgConnection, sqlx::Error> {
    let start = Instant::now();
    loop {
        let attempt = timeout(CONNECT_TIMEOUT, options.connect()).await;
        let error = match attempt.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
            Ok(connection) => return Ok(connection),
            Err(error) => error,
        };
        if start.elapsed() >= wait || kind(&error) != Kind::Unavailable {
            return Err(error);
        }
        tracing::info!(%error, "waiting for PostgreSQL");
        sleep(RETRY_DELAY).await;
    }
}
