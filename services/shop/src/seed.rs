//! Demonstration data.

use kit::Runtime;

use crate::{Error, one};

/// The settings of `shop seed`: those of the catalog, whose data it is.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    process: kit::Args,
    #[command(flatten)]
    catalog: catalog::Args,
}

/// Writes the data into databases that have been migrated.
pub(crate) fn run(args: Args) -> Result<(), Error> {
    let Args { process, catalog } = args;
    one::job("seed", process, async |runtime| write(&catalog, &runtime).await)
}

/// Writes what is not there yet; what is there stays as it is.
pub(crate) async fn write(catalog: &catalog::Args, runtime: &Runtime) -> Result<(), Error> {
    let written =
        catalog::seed(catalog, runtime).await.map_err(|source| Error::Seed(source.into()))?;
    let catalog::Seeded { categories, products } = written;
    tracing::info!(categories, products, "demonstration data is there");
    Ok(())
}
