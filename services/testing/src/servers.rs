//! The PostgreSQL and Redis servers of tests.

use std::sync::OnceLock;

use embedded::{DataFolder, Error, Postgres, Redis};

use crate::background;

/// The maximum number of attempts to start. Another process may bind a free port before the server
/// does. Three such conflicts are unlikely.
const START_ATTEMPTS: u32 = 3;

/// Private servers in temporary folders.
pub struct Servers {
    postgres: Temporary<Postgres>,
    redis: Temporary<Redis>,
}

/// A server, and its folder, which stays locked until the server has stopped.
struct Temporary<S> {
    server: S,
    _folder: DataFolder,
}

impl Servers {
    /// Starts both servers concurrently. `postgres_settings` are of the form `name=value`.
    ///
    /// # Errors
    /// If a server is not installed or does not start.
    pub async fn start(postgres_settings: &[String]) -> Result<Self, Error> {
        let (postgres, redis) = tokio::try_join!(start_postgres(postgres_settings), start_redis())?;
        Ok(Self { postgres, redis })
    }

    /// The URL of the PostgreSQL server, with the superuser's credentials.
    #[must_use]
    pub fn postgres_url(&self) -> &str {
        self.postgres.server.url()
    }

    /// The URL of the Redis server, with its password.
    #[must_use]
    pub fn redis_url(&self) -> &str {
        self.redis.server.url()
    }

    /// Stops both servers and removes their folders.
    pub async fn stop(self) {
        self.redis.server.stop().await;
        self.postgres.server.stop().await;
    }
}

/// The URL of a PostgreSQL server, with a superuser's credentials: `DATABASE_URL`, or a private
/// server that the tests of this process share.
///
/// # Panics
/// If PostgreSQL is not installed or does not start.
#[must_use]
pub fn postgres() -> &'static str {
    static URL: OnceLock<Result<String, String>> = OnceLock::new();
    static SERVER: OnceLock<Temporary<Postgres>> = OnceLock::new();
    let url = URL.get_or_init(|| {
        from_environment("DATABASE_URL").map_or_else(
            || {
                let started = background::block_on(|| start_postgres(&[]));
                let started = started.map_err(|error| describe(&error))?;
                Ok(SERVER.get_or_init(|| started).server.url().to_owned())
            },
            Ok,
        )
    });
    url.as_ref().unwrap_or_else(|error| panic!("no PostgreSQL for tests: {error}"))
}

/// The URL of a Redis server: `REDIS_URL`, or a private server that the tests of this process
/// share.
///
/// # Panics
/// If Redis is not installed or does not start.
#[must_use]
pub fn redis() -> &'static str {
    static URL: OnceLock<Result<String, String>> = OnceLock::new();
    static SERVER: OnceLock<Temporary<Redis>> = OnceLock::new();
    let url = URL.get_or_init(|| {
        from_environment("REDIS_URL").map_or_else(
            || {
                let started = background::block_on(start_redis);
                let started = started.map_err(|error| describe(&error))?;
                Ok(SERVER.get_or_init(|| started).server.url().to_owned())
            },
            Ok,
        )
    });
    url.as_ref().unwrap_or_else(|error| panic!("no Redis for tests: {error}"))
}

fn from_environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|url| !url.is_empty())
}

/// A PostgreSQL server, and a standby that replicates it.
pub struct ReplicatedPostgres {
    primary: Temporary<Postgres>,
    standby: Temporary<Postgres>,
}

impl ReplicatedPostgres {
    /// Starts both servers.
    ///
    /// # Errors
    /// If PostgreSQL is not installed or does not start.
    pub async fn start() -> Result<Self, Error> {
        let primary = start_postgres(&[]).await?;
        let standby =
            start(async |folder| Postgres::start_standby(folder, &primary.server).await).await?;
        Ok(Self { primary, standby })
    }

    /// The URL of the primary, with the superuser's credentials.
    #[must_use]
    pub fn primary_url(&self) -> &str {
        self.primary.server.url()
    }

    /// The URL of the standby, with the superuser's credentials.
    #[must_use]
    pub fn standby_url(&self) -> &str {
        self.standby.server.url()
    }

    /// Stops both servers and removes their folders.
    pub async fn stop(self) {
        self.standby.server.stop().await;
        self.primary.server.stop().await;
    }
}

async fn start_postgres(settings: &[String]) -> Result<Temporary<Postgres>, Error> {
    start(async |folder| Postgres::start(folder, settings).await).await
}

async fn start_redis() -> Result<Temporary<Redis>, Error> {
    start(async |folder| Redis::start(folder).await).await
}

async fn start<S>(
    start: impl AsyncFn(&DataFolder) -> Result<S, Error>,
) -> Result<Temporary<S>, Error> {
    let mut attempt = 1;
    loop {
        let folder = DataFolder::temporary(&kit::Env::system())?;
        match start(&folder).await {
            Ok(server) => return Ok(Temporary { server, _folder: folder }),
            Err(Error::NotStarted { .. }) if attempt < START_ATTEMPTS => attempt += 1,
            Err(error) => return Err(error),
        }
    }
}

/// The error with its sources, which a panic message does not print.
fn describe(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
