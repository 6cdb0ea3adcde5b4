//! The load generator of the shop, and the benchmark whose figures are in `docs/benchmarks.md`.
//!
//! - [`schedule`], [`mod@load`]: open-loop load at a fixed rate; [`rate_search`]: the search for
//!   the
//!   highest sustained rate
//! - [`workload`], [`shopper`], [`web_pages`], [`client`], [`setup`]: the requests and who sends
//!   them
//! - [`tally`], [`measure`], [`table`]: the results
//! - [`shop`], [`process`], [`constant`]: the measured processes
//! - [`memory`], [`round_trips`], [`machine`]: other figures
//! - [`benchmark`], [`report`], [`render`], [`document`]: the complete benchmark and its document

mod benchmark;
mod client;
mod constant;
mod document;
mod load;
mod machine;
mod measure;
mod memory;
mod process;
mod rate_search;
mod render;
mod report;
mod round_trips;
mod schedule;
mod setup;
mod shop;
mod shopper;
mod table;
mod tally;
mod web_pages;
mod workload;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Parser, Subcommand, value_parser};

use tokio::signal::unix::{SignalKind, signal};

use crate::client::Target;
use crate::schedule::{MAX_RATE, MAX_SECS, Schedule};
use crate::setup::Admin;
use crate::shopper::Shopper;
use crate::workload::Workload;

#[derive(Parser)]
#[command(name = "bench", version, about = "The load generator of the shop")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Sends load at a fixed rate to a shop on this machine
    Load(LoadArgs),
    /// Serves a constant response within the gateway's layers, as the reference for reads
    Constant(Box<constant::Args>),
    /// Measures the memory of each process of the shop at rest and under load
    Memory(memory::Args),
    /// Runs the complete benchmark, and writes the figures into a document
    Report(benchmark::Args),
}

#[derive(clap::Args)]
struct LoadArgs {
    /// URL of the gateway, on this machine
    #[arg(long, default_value = "http://localhost:8080")]
    url: String,

    /// URL of the web shop, on this machine, for its workloads
    #[arg(long, default_value = "http://localhost:3000")]
    web_url: String,

    /// Steps of the run
    #[arg(long, value_enum, default_value = "mix")]
    workload: Workload,

    /// Arrivals per second; with --search, the start rate
    #[arg(long, default_value_t = 100,
        value_parser = value_parser!(u32).range(1..=i64::from(MAX_RATE)))]
    rate: u32,

    /// Duration of a run in seconds
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u64).range(1..=MAX_SECS))]
    seconds: u64,

    /// Number of shoppers, each with one connection and one request at a time
    #[arg(long, default_value_t = 64, value_parser = value_parser!(u16).range(1..=500))]
    shoppers: u16,

    /// Searches for the highest sustained rate
    #[arg(long)]
    search: bool,

    #[command(flatten)]
    admin: Admin,
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Load(args) => block_on(load(args)),
        Command::Constant(args) => constant::serve(*args),
        Command::Memory(args) => block_on(memory::run(args)),
        Command::Report(args) => block_on(benchmark::run(args)),
    }
}

/// Runs `work` on one thread, which can send more requests than the shop sustains, and leaves the
/// other processors to the shop.
fn block_on(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("cannot start the runtime")?.block_on(async {
        // Started processes are killed when the work is dropped, also after a signal.
        tokio::select! {
            result = work => result,
            () = interrupted() => bail!("interrupted"),
        }
    })
}

/// Completes on SIGTERM or SIGINT.
async fn interrupted() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    let Ok(mut interrupt) = signal(SignalKind::interrupt()) else { return };
    tokio::select! {
        _ = terminate.recv() => (),
        _ = interrupt.recv() => (),
    }
}

async fn load(args: LoadArgs) -> anyhow::Result<()> {
    let target = Target::resolve(&args.url).await?;
    let count = args.shoppers;
    let mut shoppers = match args.workload {
        Workload::Constant => {
            (0..count).map(|_| Shopper::anonymous(&target)).collect::<Result<_, _>>()?
        }
        workload if workload.uses_web() => {
            let web = Target::resolve(&args.web_url).await?;
            setup::shoppers(&target, Some(&web), count, &args.admin).await?
        }
        _ => setup::shoppers(&target, None, count, &args.admin).await?,
    };
    let duration = Duration::from_secs(args.seconds);
    let (runs, steps) = match args.search {
        true => {
            let result = measure::search(&mut shoppers, args.workload, args.rate, duration).await;
            (result.runs.into_iter().chain(result.half).collect(), result.steps)
        }
        false => {
            let schedule = Schedule { rate: args.rate, duration };
            let (run, tally) = measure::run_at_rate(&mut shoppers, schedule, args.workload).await;
            (vec![run], tally.steps())
        }
    };
    #[expect(clippy::print_stdout, reason = "the tables are what the command is for")]
    {
        println!("{}", measure::runs_table(&runs));
        println!("{}", measure::steps_table(&steps));
    }
    Ok(())
}
