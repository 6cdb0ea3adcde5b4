//! One component in a process of its own, as in a cluster.

use std::future::Future;

use futures::FutureExt as _;
use kit::postgres::ExistingRole;
use kit::{BoxError, Process, Runtime};

use crate::Error;
use crate::components::Owner;

/// Serving.
#[derive(Debug, clap::Args)]
pub(crate) struct Serve<A: clap::Args> {
    #[command(flatten)]
    process: kit::Args,
    #[command(flatten)]
    component: A,
}

/// Making a role and a database.
#[derive(Debug, clap::Args)]
pub(crate) struct Provision {
    #[command(flatten)]
    process: kit::Args,
    #[command(flatten)]
    provision: kit::postgres::ProvisionArgs,
}

/// Migrating a database.
#[derive(Debug, clap::Args)]
pub(crate) struct Migrate {
    #[command(flatten)]
    process: kit::Args,
    #[command(flatten)]
    database: kit::postgres::Args,
}

/// Serves one component until the process is told to end.
pub(crate) fn serve<A, F, E>(
    name: &'static str,
    args: Serve<A>,
    serve: fn(A, Runtime) -> F,
) -> Result<(), Error>
where
    A: clap::Args,
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<BoxError> + 'static,
{
    let Serve { process: settings, component } = args;
    kit::block_on(&settings, async {
        let process = Process::start(name, &settings).await?;
        let component = boxed(serve(component, process.runtime()));
        Ok(process.run(vec![component]).await?)
    })?
}

/// A component with its error in a box, as a process takes it.
pub(crate) fn boxed<F, E>(component: F) -> futures::future::BoxFuture<'static, Result<(), BoxError>>
where
    F: Future<Output = Result<(), E>> + Send + 'static,
    E: Into<BoxError> + 'static,
{
    async move { component.await.map_err(Into::into) }.boxed()
}

/// Makes the role and the database that the settings name.
pub(crate) fn provision(args: Provision) -> Result<(), Error> {
    let Provision { process, provision } = args;
    let existing = ExistingRole::SetPassword;
    job("provision", process, async |_| Ok(kit::postgres::provision(&provision, existing).await?))
}

/// Applies an owner's migrations.
pub(crate) fn migrate(owner: &Owner, args: Migrate) -> Result<(), Error> {
    let Migrate { process, database } = args;
    job("migrate", process, async |_| {
        kit::postgres::migrate(&database, owner.migrations).await?;
        tracing::info!(component = owner.name, "the database is up to date");
        Ok(())
    })
}

/// Work that ends by itself. Nobody asks such a process how it is, and it may run beside one that
/// has the admin port, so its own is any that is free.
pub(crate) fn job(
    name: &'static str,
    mut settings: kit::Args,
    work: impl AsyncFnOnce(Runtime) -> Result<(), Error>,
) -> Result<(), Error> {
    settings.admin_addr.set_port(0);
    kit::block_on(&settings, async {
        let process = Process::start(name, &settings).await?;
        let runtime = process.runtime();
        process.run_to_end(work(runtime)).await
    })?
}
