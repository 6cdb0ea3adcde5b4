//! Bringing a database to the version that the binary knows.

use super::connect::Args;
use super::error::{Kind, kind};
use crate::Error;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// Longest wait for PostgreSQL to answer before a migration. A Job is started anew after that.
const WAIT: Duration = Duration::from_secs(60);

/// Longest time for one attempt to connect, and the pause after it.
const ATTEMPT: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(250);

/// Applies the migrations that the database has not seen, one process at a time (an advisory lock
/// sees to it). Statements have no time limit here.
///
/// Migrations that the database has seen and this binary does not know are no error: the version is
/// being rolled back, and a newer one's migrations only add what an older one does without.
///
/// # Errors
/// When PostgreSQL does not answer in time, or a migration fails or was changed after it was
/// applied.
pub async fn migrate(args: &Args, migrator: &Migrator) -> Result<(), Error> {
    let options = args.plain_options("migrate")?;
    let step = "connect to the database";
    let failed = |source| Error::Database { step, source };
    let mut connection = connect_patiently(&options, WAIT).await.map_err(failed)?;
    let mut migrator = Migrator::with_migrations(migrator.iter().cloned().collect());
    migrator.set_ignore_missing(true).run(&mut connection).await?;
    connection.close().await.map_err(failed)
}

/// A connection, once the server gives one; it may be starting. What time will not cure (a wrong
/// name) is still tried to the end: the Secret or the database may be on their way.
pub(super) async fn connect_patiently(
    options: &PgConnectOptions,
    wait: Duration,
) -> Result<PgConnection, sqlx::Error> {
    let began = Instant::now();
    loop {
        let attempt = timeout(ATTEMPT, options.connect()).await;
        let error = match attempt.unwrap_or(Err(sqlx::Error::PoolTimedOut)) {
            Ok(connection) => return Ok(connection),
            Err(error) => error,
        };
        if began.elapsed() >= wait || kind(&error) != Kind::Unavailable {
            return Err(error);
        }
        tracing::info!(%error, "waiting for PostgreSQL");
        sleep(PAUSE).await;
    }
}
