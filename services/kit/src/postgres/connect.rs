//! The pool of a service.

use super::within;
use crate::settings::duration_between;
use crate::{Error, Runtime, file_watch, secret};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::Connection as _;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::watch::Receiver;

/// Idle connections are closed after this time, so that a quiet pod holds few.
const IDLE_TIMEOUT: Duration = Duration::from_secs(5 * 60);

/// Connections are renewed after this time: a server's memory for one only grows.
const MAX_LIFETIME: Duration = Duration::from_secs(30 * 60);

/// Longest wait for what a connection still owes when it comes back to the pool: the answer to a statement
/// that nobody waits for any more. Without a limit, one that was lost in silence would keep its place in the
/// pool for a quarter of an hour.
const RETURN_TIMEOUT: Duration = Duration::from_secs(1);

/// A connection that was used within this time is taken without asking whether it lives: it did when it
/// came back. One that died since makes one call fail, which callers repeat.
const TRUSTED: Duration = Duration::from_secs(1);

/// The database of a service, and how long to wait for it.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Database, as in postgres://role:password@host:5432/name?sslmode=verify-full
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<SecretString>,

    /// File with the URL; wins over DATABASE_URL, and is read again when it changes
    #[arg(long, env = "DATABASE_URL_FILE")]
    pub database_url_file: Option<PathBuf>,

    /// Password of the role, for a URL without one
    #[arg(long, env = "DATABASE_PASSWORD", hide_env_values = true)]
    pub database_password: Option<SecretString>,

    /// File with the password; wins over DATABASE_PASSWORD
    #[arg(long, env = "DATABASE_PASSWORD_FILE")]
    pub database_password_file: Option<PathBuf>,

    /// File with the certificates, in PEM, that the server's has to be signed by
    #[arg(long, env = "DATABASE_CA_FILE")]
    pub database_ca_file: Option<PathBuf>,

    /// Most connections of one process; PostgreSQL's own bound is shared by all
    #[arg(long, env = "DATABASE_MAX_CONNECTIONS", default_value_t = 5,
        value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub database_max_connections: u32,

    /// Longest wait for a free connection, connecting included
    #[arg(long, env = "DATABASE_ACQUIRE_TIMEOUT", default_value = "2s",
        value_parser = duration_between(Duration::from_millis(10), Duration::from_secs(60)))]
    pub database_acquire_timeout: Duration,

    /// Longest time for one statement; the server ends it
    // To PostgreSQL 0 is no limit, which none of these may be.
    #[arg(long, env = "DATABASE_STATEMENT_TIMEOUT", default_value = "5s",
        value_parser = duration_between(Duration::from_millis(1), Duration::from_secs(600)))]
    pub database_statement_timeout: Duration,

    /// Longest wait for a lock
    #[arg(long, env = "DATABASE_LOCK_TIMEOUT", default_value = "2s",
        value_parser = duration_between(Duration::from_millis(1), Duration::from_secs(600)))]
    pub database_lock_timeout: Duration,

    /// Longest pause within a transaction before the server ends it
    #[arg(long, env = "DATABASE_IDLE_IN_TRANSACTION_TIMEOUT", default_value = "10s",
        value_parser = duration_between(Duration::from_millis(1), Duration::from_secs(600)))]
    pub database_idle_in_transaction_timeout: Duration,
}

impl Args {
    /// How to connect, the server's time limits included.
    pub(super) fn options(&self, name: &str) -> Result<PgConnectOptions, Error> {
        let millis = |limit: Duration| limit.as_millis().to_string();
        Ok(self.plain_options(name)?.options([
            ("statement_timeout", millis(self.database_statement_timeout)),
            ("lock_timeout", millis(self.database_lock_timeout)),
            (
                "idle_in_transaction_session_timeout",
                millis(self.database_idle_in_transaction_timeout),
            ),
        ]))
    }

    /// How to connect without limits, for work that may take long.
    pub(super) fn plain_options(&self, name: &str) -> Result<PgConnectOptions, Error> {
        let (value, file) = (self.database_url.as_ref(), self.database_url_file.as_deref());
        let url = secret::require("DATABASE_URL", value, file)?;
        let options = parse("DATABASE_URL", &url)?.application_name(name);
        let (value, file) =
            (self.database_password.as_ref(), self.database_password_file.as_deref());
        let password = secret::read("DATABASE_PASSWORD", value, file)?;
        Ok(complete(options, password.as_ref(), self.database_ca_file.as_deref()))
    }
}

/// Adds to a URL what stands apart from it.
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

/// A PostgreSQL URL. The refusal does not repeat it, for it holds a password.
pub(super) fn parse(name: &'static str, url: &SecretString) -> Result<PgConnectOptions, Error> {
    let wrong = || Error::Setting {
        name,
        reason: "expected postgres://role:password@host:5432/database".to_owned(),
    };
    // The driver itself takes any scheme.
    let url = url.expose_secret();
    let ours = url.starts_with("postgres://") || url.starts_with("postgresql://");
    if ours { url.parse().map_err(|_| wrong()) } else { Err(wrong()) }
}

/// A pool that connects when it is first used, so that a service starts while PostgreSQL is away.
/// It shows in the metrics, and follows a URL file that is replaced.
///
/// # Errors
/// When the URL is missing or no URL of PostgreSQL.
pub fn connect(args: &Args, runtime: &Runtime) -> Result<PgPool, Error> {
    // Watched before they are read: what changes in between is read again.
    let files = [&args.database_url_file, &args.database_password_file].into_iter().flatten();
    let changes: Vec<_> = files.map(|file| file_watch::changes(file, runtime)).collect();
    let pool = PgPoolOptions::new()
        .max_connections(args.database_max_connections)
        .acquire_timeout(args.database_acquire_timeout)
        .idle_timeout(IDLE_TIMEOUT)
        .max_lifetime(MAX_LIFETIME)
        // Instead of a question with each use, which costs a round trip.
        .test_before_acquire(false)
        .before_acquire(|connection, used| {
            let trusted = used.idle_for < TRUSTED;
            Box::pin(async move {
                if !trusted {
                    within(RETURN_TIMEOUT, connection.ping()).await?;
                }
                Ok(true)
            })
        })
        // The pool itself asks whether the connection lives, without a limit. What it asks is answered
        // at once after this, and a second question with a limit would cost each use a round trip.
        .after_release(|connection, _| {
            Box::pin(async { within(RETURN_TIMEOUT, connection.flush()).await.map(|()| true) })
        })
        .connect_lazy_with(args.options(runtime.name())?);
    runtime.families().pools.add(runtime.name(), pool.clone());
    for changes in changes {
        follow(changes, args.clone(), pool.clone(), runtime);
    }
    Ok(pool)
}

/// New connections are made by what the files say by then; broken files change nothing.
fn follow(mut changes: Receiver<()>, args: Args, pool: PgPool, runtime: &Runtime) {
    let name = runtime.name();
    runtime.spawn("database-url", async move {
        while changes.changed().await.is_ok() {
            match args.options(name) {
                Ok(options) => {
                    pool.set_connect_options(options);
                    tracing::info!("the database's URL and password were read again");
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "the old URL stays");
                }
            }
        }
    });
}
