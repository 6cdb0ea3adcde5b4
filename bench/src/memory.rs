//! The memory of the shop's processes, at rest and under load.

use std::time::Duration;

use clap::value_parser;

use crate::process::{Process, ResidentMemory};
use crate::report::ProcessMemory;
use crate::schedule::{MAX_RATE, MAX_SECS, Schedule};
use crate::shop::{MeasuredShop, ShopArgs};
use crate::shopper::Shopper;
use crate::workload::Workload;
use crate::{measure, render, setup};

/// The time after which a started shop is at rest.
const SETTLE_TIME: Duration = Duration::from_secs(3);

/// The settings of `bench memory`.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    shop: ShopArgs,

    /// Steps of the run
    #[arg(long, value_enum, default_value = "web")]
    workload: Workload,

    /// Arrivals per second
    #[arg(long, default_value_t = 100,
        value_parser = value_parser!(u32).range(1..=i64::from(MAX_RATE)))]
    rate: u32,

    /// Duration of the load in seconds
    #[arg(long, default_value_t = 600, value_parser = value_parser!(u64).range(1..=MAX_SECS))]
    seconds: u64,

    /// Number of shoppers, each with one connection and one request at a time
    #[arg(long, default_value_t = 64, value_parser = value_parser!(u16).range(1..=500))]
    shoppers: u16,
}

/// Starts the shop with a process for each component, sends load, and prints the memory of each
/// process before it and near its end.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let Args { rate, workload, .. } = args;
    let schedule = Schedule { rate, duration: Duration::from_secs(args.seconds) };
    let shop = MeasuredShop::new(&args.shop)?;
    // `shop all` creates the demo products and the administrator.
    shop.start_combined().await?.0.stop().await?;
    let memory = measure_separate(&shop, args.shoppers, &[(workload, schedule)]).await?;
    #[expect(clippy::print_stdout, reason = "the table is what the command is for")]
    {
        println!("{}", render::processes(&memory));
    }
    Ok(())
}

/// Measures the memory of each component in a process of its own: at rest, and near the end of the
/// last of these loads, which follow each other.
pub(crate) async fn measure_separate(
    shop: &MeasuredShop,
    shoppers: u16,
    loads: &[(Workload, Schedule)],
) -> anyhow::Result<Vec<ProcessMemory>> {
    eprintln!("==> each component in a process of its own");
    let processes = shop.start_separate().await?;
    let idle = at_rest(&processes).await?;
    let (target, web) = (shop.gateway().await?, shop.web().await?);
    let mut shoppers = setup::shoppers(&target, Some(&web), shoppers, &shop.admin()).await?;
    let mut loaded = idle.clone();
    for (workload, schedule) in loads {
        loaded = under_load(&mut shoppers, &processes, *workload, *schedule).await?;
    }
    let figures = processes.iter().zip(idle).zip(loaded);
    let memory = |((process, idle), loaded): ((&Process, _), _)| ProcessMemory {
        process: process.name,
        idle,
        loaded,
    };
    let memory = figures.map(memory).collect();
    for process in processes {
        process.stop().await?;
    }
    Ok(memory)
}

/// Returns the resident memory of each process shortly after its start.
pub(crate) async fn at_rest(processes: &[Process]) -> anyhow::Result<Vec<ResidentMemory>> {
    tokio::time::sleep(SETTLE_TIME).await;
    resident_memory(processes)
}

/// Returns the resident memory of each process near the end of a run.
pub(crate) async fn under_load(
    shoppers: &mut [Shopper],
    processes: &[Process],
    workload: Workload,
    schedule: Schedule,
) -> anyhow::Result<Vec<ResidentMemory>> {
    let sample = async {
        tokio::time::sleep(schedule.duration).await; // the run starts after a pause
        resident_memory(processes)
    };
    let run = measure::run_at_rate(shoppers, schedule, workload);
    tokio::join!(sample, run).0
}

fn resident_memory(processes: &[Process]) -> anyhow::Result<Vec<ResidentMemory>> {
    processes.iter().map(Process::resident_memory).collect()
}
