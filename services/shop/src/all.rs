//! The whole shop in one process.
//!
//! The settings are the components' own, by the same names, but for the two that name servers:
//! `DATABASE_URL` is a PostgreSQL server here, on which each owner gets a role and a database of its
//! own, as in a cluster, and `DATABASE_PASSWORD` is the password of the role that makes them. With
//! `--embedded`, a server that is not named is started.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use clap::builder::BoolishValueParser;
use futures::future::{BoxFuture, try_join_all};
use kit::{BoxError, Env, Process, Runtime};
use secrecy::SecretString;

use crate::components::{CATALOG, FromEnv};
use crate::embedded::{Embedded, Wanted};
use crate::one::boxed;
use crate::owners::{Roles, Server, prepare};
use crate::{Error, seed};

/// The settings of `shop all`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    process: kit::Args,

    /// PostgreSQL server, as a role that may make roles and databases
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<SecretString>,

    /// File with the URL; wins over DATABASE_URL
    #[arg(long, env = "DATABASE_URL_FILE")]
    database_url_file: Option<PathBuf>,

    /// Password of that role, for a URL without one
    #[arg(long, env = "DATABASE_PASSWORD", hide_env_values = true)]
    database_password: Option<SecretString>,

    /// File with the password; wins over DATABASE_PASSWORD
    #[arg(long, env = "DATABASE_PASSWORD_FILE")]
    database_password_file: Option<PathBuf>,

    /// Uses the shop's roles of that server although another shop made them, which is locked out;
    /// else that is refused
    #[arg(long, env = "TAKE_OVER_ROLES", value_parser = BoolishValueParser::new())]
    take_over_roles: bool,

    /// Redis or Valkey; REDIS_PASSWORD is its password, for a URL without one
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    redis_url: Option<SecretString>,

    /// File with the URL; wins over REDIS_URL
    #[arg(long, env = "REDIS_URL_FILE")]
    redis_url_file: Option<PathBuf>,

    /// Starts a PostgreSQL and a Redis from this machine's programs, where no URL names one
    #[arg(long, env = "EMBEDDED", value_parser = BoolishValueParser::new())]
    embedded: bool,

    /// Where they keep their data [default: data]
    #[arg(long, env = "DATA_DIR")]
    data: Option<PathBuf>,

    /// Writes demonstration data; what is there stays as it is
    #[arg(long, env = "SEED_DEMO_DATA", value_parser = BoolishValueParser::new())]
    seed: bool,
}

/// The components' own settings.
struct Components {
    catalog: catalog::Args,
    gateway: gateway::Args,
}

const NO_POSTGRES: Error =
    Error::NotSet { name: "DATABASE_URL", of: "the URL of a PostgreSQL server" };
const NO_REDIS: Error = Error::NotSet { name: "REDIS_URL", of: "the URL of a Redis" };

/// What the settings say of where the servers are.
struct Given {
    postgres: Option<SecretString>,
    postgres_password: Option<SecretString>,
    take_over_roles: bool,
    redis: Option<SecretString>,
}

/// Where the servers are.
struct Servers {
    postgres: Server,
    redis: Redis,
}

/// Where Redis is.
enum Redis {
    /// Somebody else's, whose password may stand apart from its URL.
    Given(SecretString),
    /// Ours, with the password in its URL.
    Started(SecretString),
}

/// Runs everything until the process is told to end.
pub(crate) fn run(args: Args) -> Result<(), Error> {
    // Before anything is started: a wrong setting ends the process at once.
    let components = Components::from_env()?;
    let given = Given::read(&args)?;
    kit::block_on(&args.process, async {
        let process = Process::start("shop", &args.process).await?;
        let embedded = match args.embedded {
            true => Some(given.start_the_rest(args.data.as_deref(), &process.runtime().env).await?),
            false => None,
        };
        let result = serve(process, components, &given, args.seed, embedded.as_ref()).await;
        if let Some(embedded) = embedded {
            embedded.stop().await;
        }
        result
    })?
}

async fn serve(
    process: Process,
    mut components: Components,
    given: &Given,
    seed: bool,
    embedded: Option<&Embedded>,
) -> Result<(), Error> {
    let runtime = process.runtime();
    components.connect(&given.servers(embedded)?, &runtime.env).await?;
    if seed {
        seed::write(&components.catalog, &runtime).await?;
    }
    let url = format!("http://localhost:{}", components.gateway.gateway_listen.port());
    tracing::info!(%url, docs = %format!("{url}/docs"), "the shop opens");
    let mut running = components.serve(&runtime);
    if let Some(embedded) = embedded {
        running.push(watch(embedded, &runtime));
    }
    Ok(process.run(running).await?)
}

/// A component that fails when a server of ours is lost, so that the process ends in order.
fn watch(embedded: &Embedded, runtime: &Runtime) -> BoxFuture<'static, Result<(), BoxError>> {
    let (failed, draining) = (embedded.failed(), runtime.draining());
    Box::pin(async move {
        tokio::select! {
            error = failed => Err(error.into()),
            () = draining => Ok(()),
        }
    })
}

impl Given {
    fn read(args: &Args) -> Result<Self, Error> {
        let read = |name, value: &Option<_>, file: &Option<PathBuf>| {
            kit::secret::read(name, value.as_ref(), file.as_deref())
        };
        let given = Self {
            postgres: read("DATABASE_URL", &args.database_url, &args.database_url_file)?,
            postgres_password: read(
                "DATABASE_PASSWORD",
                &args.database_password,
                &args.database_password_file,
            )?,
            take_over_roles: args.take_over_roles,
            redis: read("REDIS_URL", &args.redis_url, &args.redis_url_file)?,
        };
        if !args.embedded {
            given.servers(None)?;
        }
        Ok(given)
    }

    /// Starts what no setting names.
    async fn start_the_rest(&self, data: Option<&Path>, env: &Env) -> Result<Embedded, Error> {
        let wanted = Wanted { postgres: self.postgres.is_none(), redis: self.redis.is_none() };
        Embedded::start(data, wanted, env).await
    }

    /// Where the servers are, given or started.
    fn servers(&self, embedded: Option<&Embedded>) -> Result<Servers, Error> {
        let started = embedded.and_then(Embedded::postgres_url).map(SecretString::from);
        let postgres = match &self.postgres {
            Some(url) => Server {
                url: url.clone(),
                password: self.postgres_password.clone(),
                roles: if self.take_over_roles { Roles::TakenOver } else { Roles::Anybodys },
            },
            None => Server { url: started.ok_or(NO_POSTGRES)?, password: None, roles: Roles::Ours },
        };
        let started = embedded.and_then(Embedded::redis_url).map(SecretString::from);
        let redis = match &self.redis {
            Some(url) => Redis::Given(url.clone()),
            None => Redis::Started(started.ok_or(NO_REDIS)?),
        };
        Ok(Servers { postgres, redis })
    }
}

impl Redis {
    /// Tells a component where it is. The component has read by itself what the settings say of a
    /// password.
    fn tell(&self, args: &mut kit::redis::Args) {
        args.redis_url_file = None;
        match self {
            Self::Given(url) => args.redis_url = Some(url.clone()),
            Self::Started(url) => {
                args.redis_url = Some(url.clone());
                args.redis_password = None;
                args.redis_password_file = None;
            }
        }
    }
}

impl Components {
    fn from_env() -> Result<Self, Error> {
        let catalog: FromEnv<catalog::Args> = FromEnv::read("catalog")?;
        let mut gateway: FromEnv<gateway::Args> = FromEnv::read("gateway")?;
        if gateway.is_default("catalog_url") {
            let mut address = catalog.args.listen;
            if address.ip().is_unspecified() {
                address.set_ip(Ipv4Addr::LOCALHOST.into());
            }
            let url = format!("http://{address}");
            gateway.args.catalog_url = url.parse().map_err(|_| Error::Settings {
                component: "gateway",
                reason: format!("{url} is no address of the catalog"),
            })?;
        }
        Ok(Self { catalog: catalog.args, gateway: gateway.args })
    }

    /// Gives each owner a role, a database and its migrations, side by side.
    async fn connect(&mut self, servers: &Servers, env: &Env) -> Result<(), Error> {
        let databases = [(&CATALOG, &mut self.catalog.database)];
        let prepared =
            databases.map(|(owner, database)| prepare(owner, database, &servers.postgres, env));
        try_join_all(prepared).await?;
        servers.redis.tell(&mut self.gateway.redis);
        Ok(())
    }

    fn serve(self, runtime: &Runtime) -> Vec<BoxFuture<'static, Result<(), BoxError>>> {
        vec![
            boxed(catalog::serve(self.catalog, runtime.clone())),
            boxed(gateway::serve(self.gateway, runtime.clone())),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;
    use secrecy::ExposeSecret as _;

    #[derive(Parser)]
    struct Settings {
        #[command(flatten)]
        redis: kit::redis::Args,
    }

    fn told(redis: &Redis) -> (String, Option<String>) {
        let line = ["x", "--redis-url", "redis://before", "--redis-password", "hush"];
        let mut args = Settings::parse_from(line).redis;
        redis.tell(&mut args);
        let read = |secret: SecretString| secret.expose_secret().to_owned();
        (args.redis_url.map(read).unwrap(), args.redis_password.map(read))
    }

    #[test]
    fn a_redis_that_is_given_keeps_the_password_of_the_settings_and_ours_has_its_own() {
        let url = || SecretString::from("redis://host");
        let host = "redis://host".to_owned();
        assert_eq!(told(&Redis::Given(url())), (host.clone(), Some("hush".to_owned())));
        assert_eq!(told(&Redis::Started(url())), (host, None));
    }
}
