//! Whether the orders agree with the other services, for people and for monitoring.

use std::io::Write as _;

use crate::{Error, one};

/// The settings of `shop order check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    #[command(flatten)]
    process: kit::Args,
    #[command(flatten)]
    order: order::Args,
}

/// Prints a line for every disagreement and one for all of them, and fails when there is one.
pub(crate) fn run(args: Check) -> Result<(), Error> {
    let Check { process, order } = args;
    one::job("order-check", process, async |runtime| {
        let report =
            order::check(&order, &runtime).await.map_err(|source| Error::Check(source.into()))?;
        print(&report).map_err(Error::Print)?;
        match report.findings.len() {
            0 => Ok(()),
            count => Err(Error::Disagreements { count }),
        }
    })
}

fn print(report: &order::Report) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for order::Finding { order, mismatch } in &report.findings {
        writeln!(out, "{order}\t{mismatch}")?;
    }
    let order::Report { checked, findings } = report;
    writeln!(out, "{checked} orders checked, {} disagree", findings.len())
}
