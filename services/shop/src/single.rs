//! A single component in a process of its own, as in a cluster.

use std::future::Future;
use std::net::Ipv4Addr;

use futures::FutureExt as _;
use kit::{BoxError, Process, Runtime};

use crate::Error;
use crate::components::DatabaseComponent;
use crate::provisioning::related_names;

/// The settings of a component's `serve` command.
#[derive(Debug, clap::Args)]
pub(crate) struct ServeArgs<A: clap::Args> {
    #[command(flatten)]
    process: kit::Args,
    #[command(flatten)]
    component: A,
}

/// The settings of a component's `provision` command.
#[derive(Debug, clap::Args)]
pub(crate) struct ProvisionArgs {
    #[command(flatten)]
    process: kit::Args,
    #[command(flatten)]
    provision: kit::postgres::ProvisionArgs,
}

/// The settings of a component's `migrate` command.
#[derive(Debug, clap::Args)]
pub(crate) struct MigrateArgs {
    #[command(flatten)]
    process: kit::Args,
    #[command(flatten)]
    database: kit::postgres::Args,
}

/// Serves one component until the process is asked to shut down.
pub(crate) fn serve<A, F, E>(
    name: &'static str,
    args: ServeArgs<A>,
    serve: fn(A, Runtime) -> F,
) -> Result<(), Error>
where
    A: clap::Args,
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<BoxError> + 'static,
{
    let ServeArgs { process: settings, component } = args;
    kit::block_on(&settings, async {
        let process = Process::start(name, &settings).await?;
        let component = boxed(serve(component, process.runtime()));
        Ok(process.run(vec![component]).await?)
    })?
}

/// Boxes a component's future and its error, as [`Process::run`] requires.
pub(crate) fn boxed<F, E>(component: F) -> futures::future::BoxFuture<'static, Result<(), BoxError>>
where
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<BoxError> + 'static,
{
    async move { component.await.map_err(Into::into) }.boxed()
}

/// Creates the role and the database that the settings name.
pub(crate) fn provision(args: ProvisionArgs) -> Result<(), Error> {
    let ProvisionArgs { process, provision } = args;
    run_job("provision", process, async |_| {
        Ok(kit::postgres::provision(&provision, &related_names()).await?)
    })
}

/// Applies the migrations of a component's database.
pub(crate) fn migrate(owner: &DatabaseComponent, args: MigrateArgs) -> Result<(), Error> {
    let MigrateArgs { process, database } = args;
    run_job("migrate", process, async |_| {
        kit::postgres::migrate(&database, owner.migrations).await?;
        tracing::info!(component = %owner.component, "database migrated");
        Ok(())
    })
}

/// Runs a job, which ends by itself, in a process of its own.
///
/// The admin port is any free port of the loopback interface: a job may run beside a process that
/// has the configured one, and nothing probes a job.
pub(crate) fn run_job(
    name: &'static str,
    mut settings: kit::Args,
    job: impl AsyncFnOnce(Runtime) -> Result<(), Error>,
) -> Result<(), Error> {
    settings.admin_addr = (Ipv4Addr::LOCALHOST, 0).into();
    kit::block_on(&settings, async {
        let process = Process::start(name, &settings).await?;
        let runtime = process.runtime();
        process.run_to_end(job(runtime)).await
    })?
}
