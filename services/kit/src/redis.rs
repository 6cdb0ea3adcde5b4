//! Redis or Valkey: one connection that reconnects automatically, and a timeout for every command.

use crate::metrics::RedisLabels;
use crate::settings::duration_between;
use crate::{Error, Runtime, secret};
use ::redis::aio::{ConnectionManager, ConnectionManagerConfig};
use ::redis::{
    Client, Cmd, ErrorKind, FromRedisValue, IntoConnectionInfo as _, Pipeline, RedisError,
    ScriptInvocation, ServerErrorKind,
};
use arc_swap::ArcSwap;
use secrecy::{ExposeSecret as _, SecretString};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Longest time to connect. Redis is in the same cluster, or unavailable.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);

/// Maximum number of commands in flight. Further ones fail as unavailable.
const MAX_IN_FLIGHT: usize = 1024;

/// Settings of the connection to Redis.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// URL of Redis or Valkey, such as redis://:password@host:6379/0 (rediss:// for TLS)
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    pub redis_url: Option<SecretString>,

    /// File with the URL; takes precedence over REDIS_URL
    #[arg(long, env = "REDIS_URL_FILE")]
    pub redis_url_file: Option<PathBuf>,

    /// Password, for a URL without one
    #[arg(long, env = "REDIS_PASSWORD", hide_env_values = true)]
    pub redis_password: Option<SecretString>,

    /// File with the password; takes precedence over REDIS_PASSWORD
    #[arg(long, env = "REDIS_PASSWORD_FILE")]
    pub redis_password_file: Option<PathBuf>,

    /// Longest time for one command
    #[arg(long, env = "REDIS_TIMEOUT", default_value = "250ms",
        value_parser = duration_between(Duration::from_millis(1), Duration::from_secs(60)))]
    pub redis_timeout: Duration,
}

/// Error codes with which Redis refuses writes while it serves reads: its memory is full, it cannot
/// persist, or too few replicas follow it.
const WRITES_REFUSED: [&str; 3] = ["OOM", "MISCONF", "NOREPLICAS"];

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Redis is unavailable, starting or too slow. The command may be retried, and may have been
    /// executed.
    #[error("Redis is unavailable")]
    Unavailable(#[source] Option<RedisError>),
    /// Redis serves reads and accepts no writes at present, because its memory is full for example.
    /// The command may be retried later.
    #[error("Redis accepts no writes")]
    WritesRefused(#[source] RedisError),
    /// Redis rejected the command: a defect of the program or of the configuration of Redis.
    #[error("Redis rejected a command")]
    Refused(#[source] RedisError),
}

/// A connection to Redis. Cheap to clone; clones share it.
#[derive(Clone)]
pub struct Redis {
    shared: Arc<Shared>,
    timeout: Duration,
    runtime: Runtime,
}

/// The connection, and what opens another one.
struct Shared {
    manager: ArcSwap<ConnectionManager>,
    client: Client,
    config: ConnectionManagerConfig,
}

/// Creates a connection that is opened by the first command and reopened when it is lost.
///
/// # Errors
/// When the URL is missing or not a Redis URL. An unavailable Redis is not an error here.
pub fn connect(args: &Args, runtime: &Runtime) -> Result<Redis, Error> {
    let Args { redis_url, redis_url_file, redis_timeout, .. } = args;
    let url = secret::require("REDIS_URL", redis_url.as_ref(), redis_url_file.as_deref())?;
    let (value, file) = (args.redis_password.as_ref(), args.redis_password_file.as_deref());
    let password = secret::read("REDIS_PASSWORD", value, file)?;
    // The error text of the library may contain the URL, and with it the password.
    let invalid = |_| Error::Setting {
        name: "REDIS_URL",
        reason: "expected redis://[:password@]host[:port][/database]".to_owned(),
    };
    let mut server = url.expose_secret().into_connection_info().map_err(invalid)?;
    if let Some(password) = password {
        let settings = server.redis_settings().clone().set_password(password.expose_secret());
        server = server.set_redis_settings(settings);
    }
    let client = Client::open(server).map_err(invalid)?;
    let config = ConnectionManagerConfig::new()
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_response_timeout(Some(*redis_timeout))
        .set_concurrency_limit(MAX_IN_FLIGHT)
        // The next command reconnects. Retries here would only delay the error.
        .set_number_of_retries(0);
    let manager = ConnectionManager::new_lazy_with_config(client.clone(), config.clone());
    let manager = ArcSwap::from_pointee(manager.map_err(invalid)?);
    let shared = Arc::new(Shared { manager, client, config });
    Ok(Redis { shared, timeout: *redis_timeout, runtime: runtime.clone() })
}

impl Redis {
    /// Executes a command. `name` is its label in metrics.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn query<T: FromRedisValue>(
        &self,
        name: &'static str,
        command: &Cmd,
    ) -> Result<T, Failure> {
        self.with_timeout(name, async |manager| command.query_async(manager).await).await
    }

    /// Executes several commands in one round trip.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn pipeline<T: FromRedisValue>(
        &self,
        name: &'static str,
        pipeline: &Pipeline,
    ) -> Result<T, Failure> {
        self.with_timeout(name, async |manager| pipeline.query_async(manager).await).await
    }

    /// Executes a script, whose text is sent only if Redis has not cached it.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn invoke<T: FromRedisValue>(
        &self,
        name: &'static str,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, Failure> {
        self.with_timeout(name, async |manager| script.invoke_async(manager).await).await
    }

    async fn with_timeout<T>(
        &self,
        command: &'static str,
        call: impl AsyncFnOnce(&mut ConnectionManager) -> Result<T, RedisError>,
    ) -> Result<T, Failure> {
        let manager = self.shared.manager.load_full();
        let reply = timeout(self.timeout, call(&mut ConnectionManager::clone(&manager))).await;
        let result = reply.map_err(|_| Failure::Unavailable(None)).and_then(|reply| {
            reply.map_err(|error| {
                if refuses_writes(&error) {
                    Failure::WritesRefused(error)
                } else if is_of_another_server(&error) {
                    self.shared.replace(&manager);
                    Failure::Unavailable(Some(error))
                } else if is_unavailable(&error) {
                    Failure::Unavailable(Some(error))
                } else {
                    Failure::Refused(error)
                }
            })
        });
        let outcome = match &result {
            Ok(_) => "ok",
            Err(Failure::Unavailable(_) | Failure::WritesRefused(_)) => "unavailable",
            Err(Failure::Refused(_)) => "refused",
        };
        let labels = RedisLabels { component: self.runtime.name(), command, outcome };
        self.runtime.families().redis_commands.get_or_create(&labels).inc();
        result
    }
}

impl Shared {
    /// Replaces the connection to a server that keeps it open although the name in the URL leads to
    /// another one now. Of concurrent calls with the same connection, the first one replaces it.
    fn replace(&self, manager: &Arc<ConnectionManager>) {
        let new = ConnectionManager::new_lazy_with_config(self.client.clone(), self.config.clone());
        if let Ok(new) = new {
            self.manager.compare_and_swap(manager, Arc::new(new));
        }
    }
}

/// Whether the error means that Redis is unavailable or not ready, not that it rejected the
/// command.
fn is_unavailable(error: &RedisError) -> bool {
    use ServerErrorKind::{BusyLoading, ClusterDown, MasterDown, TryAgain};
    match error.kind() {
        ErrorKind::Io | ErrorKind::AuthenticationFailed => true,
        ErrorKind::Server(kind) => {
            matches!(kind, BusyLoading | ClusterDown | MasterDown | TryAgain)
        }
        _ => error.is_timeout() || error.is_connection_dropped(),
    }
}

/// Whether the connection leads to another server than the URL: a failover made it read-only, or it
/// is no Redis. Before the address of a new Service has a route, a connection to it may leave the
/// cluster and reach a proxy.
fn is_of_another_server(error: &RedisError) -> bool {
    matches!(error.kind(), ErrorKind::Parse | ErrorKind::Server(ServerErrorKind::ReadOnly))
}

/// Whether the error has a code of [`WRITES_REFUSED`]. Before version 7, Redis names the code of a
/// command in a script in the text of the script's error: `… -OOM command not allowed …`.
fn refuses_writes(error: &RedisError) -> bool {
    let in_text =
        |code: &&str| error.detail().is_some_and(|text| text.contains(&format!("-{code} ")));
    WRITES_REFUSED.iter().any(|code| error.code() == Some(*code) || in_text(code))
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").finish_non_exhaustive()
    }
}
