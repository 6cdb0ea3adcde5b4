//! The command `shop seed`, which writes demonstration data.

use kit::Runtime;

use crate::{Error, single};

/// The settings of `shop seed`: those of the catalog, which owns the data.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    process: kit::Args,
    #[command(flatten)]
    catalog: catalog::Args,
}

/// Writes the demonstration data into a migrated database.
pub(crate) fn run(args: Args) -> Result<(), Error> {
    let Args { process, catalog } = args;
    single::run_job("seed", process, async |runtime| write(&catalog, &runtime).await)
}

/// Writes the demonstration data that is missing. Existing data is not changed.
pub(crate) async fn write(catalog: &catalog::Args, runtime: &Runtime) -> Result<(), Error> {
    let written =
        catalog::seed(catalog, runtime).await.map_err(|source| Error::Seed(source.into()))?;
    let catalog::Seeded { categories, products } = written;
    tracing::info!(categories, products, "demonstration data written");
    Ok(())
}
