//! A PostgreSQL and a Redis of the shop's own, for machines where nobody runs one.
//!
//! They are started from the machine's own programs, keep their files in the data folder, listen on
//! loopback only, with a password, and end before the shop does. What keeps this safe:
//!
//! - One shop a folder: the folder's `lock` is held as long as the process lives.
//! - One server a folder: its log file is locked, and the lock is handed down to the server. It is
//!   free when the last process of an earlier run has ended, however that run ended.
//! - No orphans: a server is kept by a shell that waits for the end of its standard input, which
//!   the shop holds. When the shop dies, also by SIGKILL, the server is told to stop in order.
//! - `initdb` works in a folder of its own that gets its name when it is whole.

mod folder;
mod postgres;
mod programs;
mod redis;
mod server;
mod user;

use std::future::Future;
use std::path::Path;

use crate::Error;
use folder::Folder;
use postgres::Postgres;
use redis::Redis;

/// Where the data folder is unless somebody says otherwise.
const DEFAULT_FOLDER: &str = "data";

/// Where it is when the shop runs as root and no other user may enter the default one.
const SYSTEM_FOLDER: &str = "/var/lib/storefront";

/// The servers that were started. Those that the settings name elsewhere are not.
pub(crate) struct Embedded {
    postgres: Option<Postgres>,
    redis: Option<Redis>,
    /// Held until everything in the folder has ended.
    folder: Folder,
}

/// Which servers are wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) postgres: bool,
    pub(crate) redis: bool,
}

impl Embedded {
    /// Takes the data folder and starts what is wanted in it, side by side.
    pub(crate) async fn start(
        data: Option<&Path>,
        wanted: Wanted,
        env: &kit::Env,
    ) -> Result<Self, Error> {
        let folder = take_folder(data, env)?;
        let (postgres, redis) = tokio::try_join!(
            when(wanted.postgres, Postgres::start(&folder)),
            when(wanted.redis, Redis::start(&folder)),
        )?;
        Ok(Self { postgres, redis, folder })
    }

    /// The URL of the PostgreSQL server, as a role that may do everything.
    pub(crate) fn postgres_url(&self) -> Option<&str> {
        self.postgres.as_ref().map(Postgres::url)
    }

    /// The URL of the Redis server.
    pub(crate) fn redis_url(&self) -> Option<&str> {
        self.redis.as_ref().map(Redis::url)
    }

    /// The data folder, whose files outlive the process.
    pub(crate) fn data(&self) -> &Path {
        self.folder.root()
    }

    /// Ends when one of the servers has ended although nobody asked it to.
    pub(crate) fn failed(&self) -> impl Future<Output = Error> + Send + 'static {
        let postgres = ended(self.postgres.as_ref().map(Postgres::ended));
        let redis = ended(self.redis.as_ref().map(Redis::ended));
        async move {
            tokio::select! {
                error = postgres => error,
                error = redis => error,
            }
        }
    }

    /// Stops the servers, the database last, and waits until their files are at rest.
    pub(crate) async fn stop(self) {
        if let Some(redis) = self.redis {
            redis.stop().await;
        }
        if let Some(postgres) = self.postgres {
            postgres.stop().await;
        }
    }
}

async fn when<T>(
    wanted: bool,
    start: impl Future<Output = Result<T, Error>>,
) -> Result<Option<T>, Error> {
    if wanted { start.await.map(Some) } else { Ok(None) }
}

async fn ended(server: Option<impl Future<Output = Error>>) -> Error {
    match server {
        Some(server) => server.await,
        None => std::future::pending().await,
    }
}

fn take_folder(data: Option<&Path>, env: &kit::Env) -> Result<Folder, Error> {
    match data {
        Some(data) => Folder::take(data, env),
        None => match Folder::take(Path::new(DEFAULT_FOLDER), env) {
            Err(Error::FolderUnreachable { user, folder }) => {
                let refused = folder.display();
                tracing::info!(%user, %refused, "may not enter: the data is in {SYSTEM_FOLDER}");
                Folder::take(Path::new(SYSTEM_FOLDER), env)
            }
            taken => taken,
        },
    }
}
