//! Private PostgreSQL and Redis servers for machines that run neither.
//!
//! The servers are started from the programs installed on the machine, keep their files in a data
//! folder, listen on the loopback interface only, require a password, and stop before the process
//! that started them. The following rules make this safe:
//!
//! - One process per data folder: the folder's `lock` file is locked while the process runs.
//! - One server per data folder: the server's log file is locked, and the server inherits the lock.
//!   The lock is released when the last process of an earlier run has ended, even if that run was
//!   killed.
//! - No orphans: a supervising shell runs the server and waits for the end of its standard input,
//!   which this process holds. When this process ends, also by SIGKILL, the shell stops the server.
//! - `initdb` works in a folder that gets its final name when `initdb` has succeeded.
//!
//! A data folder is persistent ([`DataFolder::open`], used by `shop all --embedded`) or temporary
//! ([`DataFolder::temporary`], used by tests). Servers in a temporary folder run with durability
//! off and are stopped without a final checkpoint. Another shell removes the folder when this
//! process ends, also by SIGKILL.

mod data_folder;
mod error;
mod postgres;
mod programs;
mod redis;
mod remover;
mod server;
mod user;

use std::future::Future;
use std::path::Path;

pub use data_folder::DataFolder;
pub use error::Error;
pub use postgres::Postgres;
pub use redis::Redis;

/// The data folder used when none is given.
const DEFAULT_FOLDER: &str = "data";

/// The data folder used when the process runs as root and the server user has no access to
/// [`DEFAULT_FOLDER`].
const SYSTEM_FOLDER: &str = "/var/lib/storefront";

/// The servers to start.
#[derive(Clone, Copy, Debug)]
pub struct Selection {
    /// Start PostgreSQL.
    pub postgres: bool,
    /// Start Redis.
    pub redis: bool,
}

/// Servers that run in one persistent data folder.
pub struct EmbeddedServers {
    postgres: Option<Postgres>,
    redis: Option<Redis>,
    /// Keeps the folder locked until every server has stopped.
    folder: DataFolder,
}

impl EmbeddedServers {
    /// Opens the data folder and starts the selected servers in it, concurrently.
    ///
    /// # Errors
    /// If the folder cannot be used, a program is not installed, or a server does not start.
    pub async fn start(
        data: Option<&Path>,
        selection: Selection,
        env: &kit::Env,
    ) -> Result<Self, Error> {
        let folder = open_folder(data, env)?;
        let (postgres, redis) = tokio::try_join!(
            start_if(selection.postgres, Postgres::start(&folder, &[])),
            start_if(selection.redis, Redis::start(&folder)),
        )?;
        Ok(Self { postgres, redis, folder })
    }

    /// The URL of the PostgreSQL server, with the superuser's credentials.
    #[must_use]
    pub fn postgres_url(&self) -> Option<&str> {
        self.postgres.as_ref().map(Postgres::url)
    }

    /// The URL of the Redis server, with its password.
    #[must_use]
    pub fn redis_url(&self) -> Option<&str> {
        self.redis.as_ref().map(Redis::url)
    }

    /// The data folder. Its files remain after the process ends.
    #[must_use]
    pub fn data(&self) -> &Path {
        self.folder.root()
    }

    /// Completes with an error when a server exits without being stopped.
    pub fn unexpected_exit(&self) -> impl Future<Output = Error> + Send + 'static {
        let postgres = or_pending(self.postgres.as_ref().map(Postgres::unexpected_exit));
        let redis = or_pending(self.redis.as_ref().map(Redis::unexpected_exit));
        async move {
            tokio::select! {
                error = postgres => error,
                error = redis => error,
            }
        }
    }

    /// Stops the servers, PostgreSQL last, and waits until they have written their files.
    pub async fn stop(self) {
        if let Some(redis) = self.redis {
            redis.stop().await;
        }
        if let Some(postgres) = self.postgres {
            postgres.stop().await;
        }
    }
}

async fn start_if<T>(
    selected: bool,
    start: impl Future<Output = Result<T, Error>>,
) -> Result<Option<T>, Error> {
    if selected { start.await.map(Some) } else { Ok(None) }
}

async fn or_pending(exit: Option<impl Future<Output = Error>>) -> Error {
    match exit {
        Some(exit) => exit.await,
        None => std::future::pending().await,
    }
}

fn open_folder(data: Option<&Path>, env: &kit::Env) -> Result<DataFolder, Error> {
    match data {
        Some(data) => DataFolder::open(data, env),
        None => match DataFolder::open(Path::new(DEFAULT_FOLDER), env) {
            Err(Error::FolderUnreachable { user, folder }) => {
                tracing::info!(%user, default = %folder.display(), folder = SYSTEM_FOLDER,
                    "server user has no access to the default data folder, using the system one");
                DataFolder::open(Path::new(SYSTEM_FOLDER), env)
            }
            result => result,
        },
    }
}
