//! The command `shop order check`, which compares orders with the records of the other services,
//! for people and for monitoring.

use std::io::Write as _;

use crate::{Error, single};

/// The settings of `shop order check`.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    process: kit::Args,
    #[command(flatten)]
    order: order::Args,
}

/// Prints a line for each mismatch and a summary.
///
/// # Errors
/// If there is a mismatch, or the check cannot be completed.
pub(crate) fn run(args: CheckArgs) -> Result<(), Error> {
    let CheckArgs { process, order } = args;
    single::run_job("order-check", process, async |runtime| {
        let report =
            order::check(&order, &runtime).await.map_err(|source| Error::Check(source.into()))?;
        print(&report).map_err(Error::Print)?;
        match report.findings.len() {
            0 => Ok(()),
            count => Err(Error::Mismatches { count }),
        }
    })
}

fn print(report: &order::Report) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for order::Finding { order, mismatch } in &report.findings {
        writeln!(out, "{order}\t{mismatch}")?;
    }
    let order::Report { checked, findings } = report;
    writeln!(out, "{checked} orders checked, {} mismatches", findings.len())
}
