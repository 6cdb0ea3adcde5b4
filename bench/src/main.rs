//! How fast the shop is: a load generator of our own, and the measured run behind
//! `docs/benchmarks.md`.
//!
//! - [`schedule`], [`mod@load`]: an open loop at a fixed rate; [`climb`]: the search for the highest one
//! - [`workload`], [`shopper`], [`client`], [`setup`]: what is asked, by whom, and how
//! - [`tally`], [`measure`], [`table`]: what came of it
//! - [`shop`], [`process`], [`constant`]: what is measured; [`round_trips`], [`machine`]: what else is
//!   counted; [`benchmark`], [`report`], [`render`], [`document`]: all
//!   of it, in order, and where it is written

mod benchmark;
mod client;
mod climb;
mod constant;
mod document;
mod load;
mod machine;
mod measure;
mod process;
mod render;
mod report;
mod round_trips;
mod schedule;
mod setup;
mod shop;
mod shopper;
mod table;
mod tally;
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
#[command(name = "bench", version, about = "How fast the shop is")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Sends load at a fixed rate to a shop on this machine
    Load(Load),
    /// Serves a constant answer within the gateway's layers: what reads are compared with
    Constant(Box<constant::Args>),
    /// Starts the shop, measures all there is to measure, and writes it down
    Report(benchmark::Args),
}

#[derive(clap::Args)]
struct Load {
    /// The shop, on this machine
    #[arg(long, default_value = "http://localhost:8080")]
    url: String,

    /// What is asked
    #[arg(long, value_enum, default_value = "mix")]
    workload: Workload,

    /// Arrivals a second; with --search, where it begins
    #[arg(long, default_value_t = 100, value_parser = value_parser!(u32).range(1..=i64::from(MAX_RATE)))]
    rate: u32,

    /// Seconds of one run
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u64).range(1..=MAX_SECS))]
    seconds: u64,

    /// Shoppers, each with a connection and one thing at a time
    #[arg(long, default_value_t = 64, value_parser = value_parser!(u16).range(1..=500))]
    shoppers: u16,

    /// Looks for the highest rate that is sustained
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
        Command::Load(args) => drive(load(args)),
        Command::Constant(args) => constant::serve(*args),
        Command::Report(args) => drive(benchmark::write(args)),
    }
}

/// Does the work on one thread: it asks more than the shop answers, and leaves the rest of the machine
/// to the shop.
fn drive(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("starting the runtime")?.block_on(async {
        // What was started ends with us, however we end: it is killed when the work is dropped.
        tokio::select! {
            done = work => done,
            () = interrupted() => bail!("interrupted"),
        }
    })
}

/// Ends when somebody wants us to.
async fn interrupted() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    let Ok(mut interrupt) = signal(SignalKind::interrupt()) else { return };
    tokio::select! {
        _ = terminate.recv() => (),
        _ = interrupt.recv() => (),
    }
}

async fn load(args: Load) -> anyhow::Result<()> {
    let target = Target::find(&args.url).await?;
    let count = usize::from(args.shoppers);
    let mut shoppers = match args.workload {
        Workload::Constant => {
            (0..count).map(|_| Shopper::anonymous(&target)).collect::<Result<_, _>>()?
        }
        _ => setup::shoppers(&target, count, &args.admin).await?,
    };
    let length = Duration::from_secs(args.seconds);
    let (runs, steps) = match args.search {
        true => {
            let found = measure::search(&mut shoppers, args.workload, args.rate, length).await;
            (found.runs.into_iter().chain(found.half).collect(), found.steps)
        }
        false => {
            let schedule = Schedule { rate: args.rate, length };
            let (run, tally) = measure::at_rate(&mut shoppers, schedule, args.workload).await;
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
