//! The connection pool of a service.

use super::pooling::detect_transaction_pooling;
use super::retirement::is_retired;
use super::with_timeout;
use crate::settings::duration_between;
use crate::{Error, Runtime, file_watch, secret};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch::Receiver;

/// Idle connections are closed after this time, so that an idle pod keeps few.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// Connections are replaced after this time, because the memory of a server process only grows.
const MAX_LIFETIME: Duration = Duration::from_secs(30 * 60);

/// Longest wait for the pending response when a connection is returned to the pool: the response to
/// a cancelled statement. Without a limit, a stalled connection would occupy its slot in the pool
/// for about 15 minutes.
const RETURN_TIMEOUT: Duration = Duration::from_secs(1);

/// Longest time to set the time limits of a new session.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that was used within this time is not tested before use: it worked when it was
/// returned. If it has failed since, one call fails, which callers retry.
const TEST_AFTER_IDLE: Duration = Duration::from_secs(1);

/// Settings of a service's database connections.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// URL of the database, such as postgres://role:password@host:5432/name?sslmode=verify-full
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<SecretString>,

    /// File with the URL; takes precedence over DATABASE_URL and is reloaded when it changes
    #[arg(long, env = "DATABASE_URL_FILE")]
    pub database_url_file: Option<PathBuf>,

    /// Password of the role, for a URL without one
    #[arg(long, env = "DATABASE_PASSWORD", hide_env_values = true)]
    pub database_password: Option<SecretString>,

    /// File with the password; takes precedence over DATABASE_PASSWORD
    #[arg(long, env = "DATABASE_PASSWORD_FILE")]
    pub database_password_file: Option<PathBuf>,

    /// PEM file with the CA certificates that may sign the server's certificate
    #[arg(long, env = "DATABASE_CA_FILE")]
    pub database_ca_file: Option<PathBuf>,

    /// Maximum number of connections of one process; PostgreSQL's own limit is shared by all
    #[arg(long, env = "DATABASE_MAX_CONNECTIONS", default_value_t = 5,
        value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub database_max_connections: u32,

    /// Longest wait for a free connection, including the time to connect
    #[arg(long, env = "DATABASE_ACQUIRE_TIMEOUT", default_value = "2s",
        value_parser = duration_between(Duration::from_millis(10), Duration::from_secs(60)))]
    pub database_acquire_timeout: Duration,

    /// Longest time for one statement; the server cancels it
    // For PostgreSQL 0 means no limit, which none of these settings allows.
    #[arg(long, env = "DATABASE_STATEMENT_TIMEOUT", default_value = "5s",
        value_parser = duration_between(Duration::from_millis(1), Duration::from_secs(600)))]
    pub database_statement_timeout: Duration,

    /// Longest wait for a lock
    #[arg(long, env = "DATABASE_LOCK_TIMEOUT", default_value = "2s",
        value_parser = duration_between(Duration::from_millis(1), Duration::from_secs(600)))]
    pub database_lock_timeout: Duration,

    /// Longest idle time in a transaction before the server ends it
    #[arg(long, env = "DATABASE_IDLE_IN_TRANSACTION_TIMEOUT", default_value = "10s",
        value_parser = duration_between(Duration::from_millis(1), Duration::from_secs(600)))]
    pub database_idle_in_transaction_timeout: Duration,
}

impl Args {
    /// The statements that set the time limits of a session. They are sent after the connection is
    /// established, because poolers refuse them as options of the startup message.
    fn session_limits(&self) -> String {
        let limits = [
            ("statement_timeout", self.database_statement_timeout),
            ("lock_timeout", self.database_lock_timeout),
            ("idle_in_transaction_session_timeout", self.database_idle_in_transaction_timeout),
        ];
        limits.map(|(name, limit)| format!("SET {name} = {};", limit.as_millis())).concat()
    }

    /// The connection options. A session has no time limits until [`Args::session_limits`] sets
    /// them.
    pub(super) fn options(&self, name: &str) -> Result<PgConnectOptions, Error> {
        let (value, file) = (self.database_url.as_ref(), self.database_url_file.as_deref());
        let url = secret::require("DATABASE_URL", value, file)?;
        let options = parse("DATABASE_URL", &url)?.application_name(name);
        let (value, file) =
            (self.database_password.as_ref(), self.database_password_file.as_deref());
        let password = secret::read("DATABASE_PASSWORD", value, file)?;
        Ok(complete(options, password.as_ref(), self.database_ca_file.as_deref()))
    }
}

/// Adds the password and the CA file to the options of a URL.
pub(super) fn complete(
    options: PgConnectOptions,
    password: Option<&SecretString>,
    ca_file: Option<&Path>,
) -> PgConnectOptions {
    let options = match password {
        Some(password) => options.password(password.expose_secret()),
        None => options,
    };
    match ca_file {
        Some(file) => options.ssl_root_cert(file),
        None => options,
    }
}

/// Parses a PostgreSQL URL. The error does not contain the URL, because it contains a password.
pub(super) fn parse(name: &'static str, url: &SecretString) -> Result<PgConnectOptions, Error> {
    let invalid = || Error::Setting {
        name,
        reason: "expected postgres://role:password@host:5432/database".to_owned(),
    };
    // The driver itself accepts any scheme.
    let url = url.expose_secret();
    let is_postgres = url.starts_with("postgres://") || url.starts_with("postgresql://");
    if !is_postgres {
        return Err(invalid());
    }
    let options: PgConnectOptions = url.parse().map_err(|_| invalid())?;
    // PgBouncer refuses the parameter. Since version 12 PostgreSQL's default is exact, too.
    Ok(options.extra_float_digits(None))
}

/// Creates a pool that connects on the first use, so that a service starts while PostgreSQL is
/// unavailable. The pool has metrics, and uses a URL or password file that is replaced.
///
/// # Errors
/// When the URL is missing or not a PostgreSQL URL.
pub fn connect(args: &Args, runtime: &Runtime) -> Result<PgPool, Error> {
    // Watched before they are read, so that a change in between is not missed.
    let files = [&args.database_url_file, &args.database_password_file].into_iter().flatten();
    let changes: Vec<_> = files.map(|file| file_watch::changes(file, runtime)).collect();
    let limits: Arc<str> = args.session_limits().into();
    let pool = PgPoolOptions::new()
        .max_connections(args.database_max_connections)
        .acquire_timeout(args.database_acquire_timeout)
        .idle_timeout(IDLE_TIMEOUT)
        .max_lifetime(MAX_LIFETIME)
        // A test before each use would cost a round trip.
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            let limits = Arc::clone(&limits);
            Box::pin(with_timeout(CONNECT_TIMEOUT, set_limits(connection, limits)))
        })
        .before_acquire(|connection, used| {
            let (test, retired) = (used.idle_for >= TEST_AFTER_IDLE, is_retired(used.age));
            Box::pin(async move {
                if retired {
                    return Ok(false);
                }
                if test {
                    with_timeout(RETURN_TIMEOUT, connection.ping()).await?;
                }
                Ok(true)
            })
        })
        // The pool itself tests the connection on release, without a limit. After this flush that
        // test completes at once; a second test with a limit would cost a round trip per use.
        .after_release(|connection, used| {
            let keep = !is_retired(used.age);
            Box::pin(async move {
                with_timeout(RETURN_TIMEOUT, connection.flush()).await.map(|()| keep)
            })
        })
        .connect_lazy_with(args.options(runtime.name())?);
    runtime.families().pools.add(runtime.name(), pool.clone());
    detect_transaction_pooling(pool.clone(), runtime);
    for changes in changes {
        reload_on_change(changes, args.clone(), pool.clone(), runtime);
    }
    Ok(pool)
}

/// Sets the time limits of a new session.
async fn set_limits(connection: &mut PgConnection, limits: Arc<str>) -> Result<(), sqlx::Error> {
    connection.execute(sqlx::raw_sql(AssertSqlSafe(limits))).await.map(drop)
}

/// Uses changed files for new connections. Invalid files change nothing.
fn reload_on_change(mut changes: Receiver<()>, args: Args, pool: PgPool, runtime: &Runtime) {
    let name = runtime.name();
    runtime.spawn("database-url", async move {
        while changes.changed().await.is_ok() {
            match args.options(name) {
                Ok(options) => {
                    pool.set_connect_options(options);
                    tracing::info!("database URL and password reloaded");
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "reload failed; the previous database URL stays in use");
                }
            }
        }
    });
}
