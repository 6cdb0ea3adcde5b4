//! The command `shop all`: every component in one process.
//!
//! The settings are those of the components, by the same names. Listeners that no setting names are
//! on the loopback interface, because the components trust their network. Two settings name servers
//! instead of what a component gets from them. `DATABASE_URL` is a PostgreSQL server on which each
//! component that owns a database gets a role and a database of its own, as in a cluster;
//! `DATABASE_PASSWORD` is the password of the role that creates them. With `--embedded`, a server
//! that no setting names is started.

mod components;
mod secrets;
mod servers;

use std::path::PathBuf;

use ::components::Component;
use clap::builder::BoolishValueParser;
use embedded::EmbeddedServers;
use futures::future::BoxFuture;
use kit::{BoxError, Process, Runtime};
use secrecy::SecretString;

use crate::{Error, seed};
use components::{Components, Part};
use secrets::Secrets;
use servers::ServerSettings;

/// The default address of the admin port: like the other listeners, on the loopback interface.
pub(crate) const DEFAULT_ADMIN_ADDR: &str = "127.0.0.1:9090";

/// The settings of `shop all`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    process: kit::Args,

    /// URL of a PostgreSQL server, with a role that may create roles and databases
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: Option<SecretString>,

    /// File that contains the URL; takes precedence over DATABASE_URL
    #[arg(long, env = "DATABASE_URL_FILE")]
    database_url_file: Option<PathBuf>,

    /// Password of that role, for a URL without one
    #[arg(long, env = "DATABASE_PASSWORD", hide_env_values = true)]
    database_password: Option<SecretString>,

    /// File that contains the password; takes precedence over DATABASE_PASSWORD
    #[arg(long, env = "DATABASE_PASSWORD_FILE")]
    database_password_file: Option<PathBuf>,

    /// Sets new passwords of roles that another shop created on that server, which locks that shop
    /// out; without it, such roles are an error
    #[arg(long, env = "TAKE_OVER_ROLES", value_parser = BoolishValueParser::new())]
    take_over_roles: bool,

    /// URL of Redis or Valkey; REDIS_PASSWORD is the password, for a URL without one
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    redis_url: Option<SecretString>,

    /// File that contains the URL; takes precedence over REDIS_URL
    #[arg(long, env = "REDIS_URL_FILE")]
    redis_url_file: Option<PathBuf>,

    /// Starts PostgreSQL and Redis from the programs installed on this machine, unless a URL is set
    #[arg(long, env = "EMBEDDED", value_parser = BoolishValueParser::new())]
    embedded: bool,

    /// Data folder of the embedded servers [default: data]
    #[arg(long, env = "DATA_DIR")]
    data: Option<PathBuf>,

    /// Writes demonstration data that is missing; existing data is not changed
    #[arg(long, env = "SEED_DEMO_DATA", value_parser = BoolishValueParser::new())]
    seed: bool,

    /// Components to run, separated by commas; all if empty
    #[arg(long, env = "ONLY", value_enum, value_delimiter = ',')]
    only: Vec<Part>,
}

/// Runs the selected components until the process is asked to shut down.
pub(crate) fn run(args: Args) -> Result<(), Error> {
    // All settings are read before anything is started, so that an invalid one fails immediately.
    let components = Components::from_env(&args.only)?;
    let servers = ServerSettings::read(&args)?;
    kit::block_on(&args.process, async {
        let process = Process::start("shop", &args.process).await?;
        let embedded = match args.embedded {
            true => {
                Some(servers.start_missing(args.data.as_deref(), &process.runtime().env).await?)
            }
            false => None,
        };
        let result = serve(process, components, &servers, args.seed, embedded.as_ref()).await;
        if let Some(embedded) = embedded {
            embedded.stop().await;
        }
        result
    })?
}

async fn serve(
    process: Process,
    mut components: Components,
    servers: &ServerSettings,
    seed: bool,
    embedded: Option<&EmbeddedServers>,
) -> Result<(), Error> {
    let runtime = process.runtime();
    let secrets = Secrets::open(embedded.map(EmbeddedServers::data), &runtime.env)?;
    components.apply_secrets(&secrets);
    components.connect(&servers.resolve(embedded)?, &runtime.env).await?;
    if seed && components.is_selected(Part::Component(Component::Catalog)) {
        seed::write(components.catalog(), &runtime).await?;
    }
    components.log_urls();
    let mut running = components.serve(&runtime);
    if let Some(embedded) = embedded {
        running.push(watch(embedded, &runtime));
    }
    Ok(process.run(running).await?)
}

/// Returns a component that fails when an embedded server exits, so that the process shuts down
/// gracefully.
fn watch(
    embedded: &EmbeddedServers,
    runtime: &Runtime,
) -> BoxFuture<'static, Result<(), BoxError>> {
    let (exited, draining) = (embedded.unexpected_exit(), runtime.draining());
    Box::pin(async move {
        tokio::select! {
            error = exited => Err(error.into()),
            () = draining => Ok(()),
        }
    })
}
