//! The whole shop in one process.
//!
//! The settings are the components' own, by the same names, but for the two that name servers:
//! `DATABASE_URL` is a PostgreSQL server here, on which each owner gets a role and a database of its
//! own, as in a cluster, and `DATABASE_PASSWORD` is the password of the role that makes them. With
//! `--embedded`, a server that is not named is started.

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
use components::{Components, Name};
use secrets::Secrets;
use servers::Given;

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

    /// The components to run, separated by commas; all of them, if none is named
    #[arg(long, env = "ONLY", value_enum, value_delimiter = ',')]
    only: Vec<Name>,
}

/// Runs everything until the process is told to end.
pub(crate) fn run(args: Args) -> Result<(), Error> {
    // Before anything is started: a wrong setting ends the process at once.
    let components = Components::from_env(&args.only)?;
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
    embedded: Option<&EmbeddedServers>,
) -> Result<(), Error> {
    let runtime = process.runtime();
    let secrets = Secrets::open(embedded.map(EmbeddedServers::data), &runtime.env)?;
    components.entrust(&secrets);
    components.connect(&given.servers(embedded)?, &runtime.env).await?;
    if seed && components.runs(Name::Component(Component::Catalog)) {
        seed::write(components.catalog(), &runtime).await?;
    }
    components.announce();
    let mut running = components.serve(&runtime);
    if let Some(embedded) = embedded {
        running.push(watch(embedded, &runtime));
    }
    Ok(process.run(running).await?)
}

/// A component that fails when an embedded server exits, so that the process shuts down gracefully.
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
