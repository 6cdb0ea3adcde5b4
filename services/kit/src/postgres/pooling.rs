//! Detection of a connection pooler in transaction mode, which is unsupported: a service needs
//! sessions for prepared statements, notifications, advisory locks and time limits.
//!
//! With such a pooler, two client connections can get the same server process one after the other.
//! In session mode and without a pooler they never do while both are open. Under load a pooler may
//! also give them two processes, so it is not always detected.

use super::with_timeout;
use crate::backoff::Backoff;
use crate::{Error, Runtime};
use sqlx::{Connection as _, PgConnection, PgPool, Row as _, raw_sql};
use std::time::Duration;
use tokio::time::sleep;

/// Number of attempts to see one server process behind two connections: other clients of the
/// pooler may get the process in between.
const ATTEMPTS: u32 = 3;

/// Longest time for one detection. It consists of a few short statements.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Number of detections at start. Together they last about ten minutes; a database that is not
/// available by then is not tested.
const MAX_RETRIES: u32 = 25;

/// Delays between detections while PostgreSQL is unavailable.
const RETRY: Backoff = Backoff::new(Duration::from_millis(500), Duration::from_secs(30));

/// The error of PgBouncer in statement mode. Its code is that of many other errors.
const STATEMENT_MODE: &str = "transaction blocks not allowed in statement pooling mode";

/// Reports whether two open connections have a server process each. The second one is tried in a
/// transaction, because transaction mode assigns a process for that time.
///
/// A false result is certain. If the first connection was closed meanwhile, its process may have
/// got the second one's work in session mode, too; therefore it is tested at the end.
///
/// # Errors
/// When a connection fails.
async fn separate_connections(
    first: &mut PgConnection,
    second: &mut PgConnection,
) -> Result<bool, sqlx::Error> {
    with_timeout(TIMEOUT, async {
        for _ in 0..ATTEMPTS {
            let known = server_process(first).await?;
            let mut transaction = match second.begin().await {
                Ok(transaction) => transaction,
                // Statement mode refuses transactions.
                Err(error) if is_statement_mode(&error) => return Ok(false),
                Err(error) => return Err(error),
            };
            let seen = server_process(&mut transaction).await?;
            transaction.rollback().await?;
            if known == seen {
                first.ping().await?;
                return Ok(false);
            }
        }
        Ok(true)
    })
    .await
}

/// Tries two connections. If one of them fails, for example because a pooler has no second server
/// connection, nothing is known, and nothing is refused.
///
/// # Errors
/// [`Error::TransactionPooling`] if the connections share a server process.
pub(super) async fn refuse_transaction_pooling(
    mut first: PgConnection,
    mut second: PgConnection,
) -> Result<(), Error> {
    let separate = separate_connections(&mut first, &mut second).await;
    for connection in [first, second] {
        let closed = with_timeout(TIMEOUT, connection.close()).await;
        tracing::debug!(?closed, "connection closed");
    }
    match separate {
        Ok(true) => Ok(()),
        Ok(false) => Err(Error::TransactionPooling),
        Err(error) => {
            tracing::warn!(%error, "pooling detection failed");
            Ok(())
        }
    }
}

/// Ends the process if its connections pass a pooler in transaction mode. It is tried when the
/// process starts, until it succeeds once, with two connections of the pool; a pool of one
/// connection is not tested.
pub(super) fn detect_transaction_pooling(pool: PgPool, runtime: &Runtime) {
    if pool.options().get_max_connections() < 2 {
        return;
    }
    let process = runtime.clone();
    runtime.spawn("pooling-detection", async move {
        for attempt in 1..=MAX_RETRIES {
            match detect(&pool).await {
                Ok(true) => return,
                Ok(false) => {
                    let error = Error::TransactionPooling;
                    tracing::error!(error = &error as &dyn std::error::Error, "database refused");
                    return process.fail(error);
                }
                Err(error) => tracing::debug!(%error, "pooling detection postponed"),
            }
            sleep(RETRY.delay_with_jitter(attempt, process.env.random())).await;
        }
    });
}

async fn detect(pool: &PgPool) -> Result<bool, sqlx::Error> {
    let (mut first, mut second) = tokio::try_join!(pool.acquire(), pool.acquire())?;
    separate_connections(&mut first, &mut second).await
}

/// Returns the process id and the start of the server process. Process ids alone are reused. It is
/// one message, because such a pooler loses prepared statements between two messages.
async fn server_process(connection: &mut PgConnection) -> Result<String, sqlx::Error> {
    let process = raw_sql(
        "SELECT pid || ' ' || backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()",
    );
    process.fetch_one(connection).await?.try_get(0)
}

fn is_statement_mode(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.message().contains(STATEMENT_MODE))
}
