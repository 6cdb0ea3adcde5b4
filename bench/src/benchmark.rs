//! The measured run: the shop as one process, the reference, the shop as many processes.

use std::path::PathBuf;
use std::time::Duration;

use clap::value_parser;

use crate::document;
use crate::machine;
use crate::measure;
use crate::process::{Process, Resident};
use crate::render;
use crate::report::{Memory, Report};
use crate::round_trips::Counter;
use crate::schedule::Schedule;
use crate::setup;
use crate::shop::Shop;
use crate::shopper::Shopper;
use crate::workload::Workload;

/// Starts that are timed: of one a median could not be told.
const STARTS: usize = 5;

/// After this long an idle shop has done what it does at its start.
const SETTLED: Duration = Duration::from_secs(3);

/// Longest run of the search, so that all of them stay within minutes.
const MAX_RUN_SECS: u64 = 60;

/// Where searches begin: below what two cores answer, so that the first run is sustained.
const WORKLOADS: [(Workload, u32); 5] = [
    (Workload::List, 500),
    (Workload::Product, 500),
    (Workload::Search, 100),
    (Workload::Mix, 250),
    (Workload::Checkout, 25),
];
const CONSTANT_FROM: u32 = 2000;

/// What is measured, and where it is written.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The shop's program
    #[arg(long)]
    shop: PathBuf,

    /// PostgreSQL with pg_stat_statements loaded, as its superuser; private to this run
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,

    /// Redis, private to this run
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    redis_url: String,

    /// Document in which the figures are replaced; without one they are printed only
    #[arg(long, env = "BENCH_DOCUMENT")]
    document: Option<PathBuf>,

    /// Seconds of one run
    #[arg(long, env = "BENCH_SECONDS", default_value_t = 5,
        value_parser = value_parser!(u64).range(1..=MAX_RUN_SECS))]
    seconds: u64,

    /// Shoppers, each with a connection and one thing at a time
    #[arg(long, env = "BENCH_SHOPPERS", default_value_t = 64,
        value_parser = value_parser!(u16).range(1..=500))]
    shoppers: u16,
}

/// Measures everything, prints it, and writes it where it belongs.
pub(crate) async fn write(args: Args) -> anyhow::Result<()> {
    if let Some(path) = &args.document {
        document::check(path)?;
    }
    let report = measure(&args).await?;
    let measured = render::report(&report);
    #[expect(clippy::print_stdout, reason = "the figures are what the command is for")]
    {
        println!("{measured}\n{}", render::statements(&report.statements));
    }
    match &args.document {
        Some(path) => document::write(path, &measured),
        None => Ok(()),
    }
}

async fn measure(args: &Args) -> anyhow::Result<Report> {
    let mut counter = Counter::connect(&args.database_url).await?;
    let postgres = counter.version().await?;
    let shop = Shop::new(&args.shop, &args.database_url, &args.redis_url)?;
    let count = usize::from(args.shoppers);
    let mut report = Report {
        facts: machine::facts(&postgres),
        seconds: args.seconds,
        shoppers: count,
        starts: starts(&shop).await?,
        list_bytes: 0,
        found: Vec::new(),
        memory: Vec::new(),
        round_trips: Vec::new(),
        statements: Vec::new(),
    };
    let length = Duration::from_secs(args.seconds);
    as_one(&shop, &mut report, &mut counter, length).await?;
    constant(&shop, &mut report, length).await?;
    apart(&shop, &mut report, length).await?;
    Ok(report)
}

/// Starts and ends the shop a few times, once before that to have its databases made.
async fn starts(shop: &Shop) -> anyhow::Result<Vec<Duration>> {
    eprintln!("==> cold starts");
    let mut times = Vec::with_capacity(STARTS);
    for number in 0..=STARTS {
        let (process, took) = shop.start_as_one().await?;
        process.stop().await?;
        if number > 0 {
            times.push(took);
        }
    }
    times.sort_unstable();
    Ok(times)
}

async fn as_one(
    shop: &Shop,
    report: &mut Report,
    counter: &mut Counter,
    length: Duration,
) -> anyhow::Result<()> {
    let (process, _) = shop.start_as_one().await?;
    tokio::time::sleep(SETTLED).await;
    let idle = process.resident()?;
    let target = shop.gateway().await?;
    let mut shoppers = setup::shoppers(&target, report.shoppers, &shop.admin()).await?;
    report.list_bytes = setup::size_of_list(&target).await?;
    eprintln!("==> round trips to PostgreSQL");
    if let Some(first) = shoppers.first_mut() {
        (report.round_trips, report.statements) = counter.of_one_order(first).await?;
    }
    for (workload, from) in WORKLOADS {
        report.found.push(measure::search(&mut shoppers, workload, from, length).await);
    }
    let processes = [process];
    let loaded = under_load(&mut shoppers, &processes, report.mix(length)).await?;
    report.memory.push(Memory { process: "all in one", idle, loaded: loaded[0] });
    let [process] = processes;
    process.stop().await
}

async fn constant(shop: &Shop, report: &mut Report, length: Duration) -> anyhow::Result<()> {
    let process = shop.start_constant(report.list_bytes).await?;
    let target = shop.gateway().await?;
    let shoppers = (0..report.shoppers).map(|_| Shopper::anonymous(&target));
    let mut shoppers = shoppers.collect::<anyhow::Result<Vec<_>>>()?;
    let found = measure::search(&mut shoppers, Workload::Constant, CONSTANT_FROM, length).await;
    report.found.insert(0, found);
    process.stop().await
}

async fn apart(shop: &Shop, report: &mut Report, length: Duration) -> anyhow::Result<()> {
    eprintln!("==> each component in a process of its own");
    let processes = shop.start_apart().await?;
    tokio::time::sleep(SETTLED).await;
    let idle: Vec<Resident> = processes.iter().map(Process::resident).collect::<Result<_, _>>()?;
    let target = shop.gateway().await?;
    let mut shoppers = setup::shoppers(&target, report.shoppers, &shop.admin()).await?;
    let loaded = under_load(&mut shoppers, &processes, report.mix(length)).await?;
    for ((process, idle), loaded) in processes.iter().zip(idle).zip(loaded) {
        report.memory.push(Memory { process: process.name, idle, loaded });
    }
    for process in processes {
        process.stop().await?;
    }
    Ok(())
}

/// Resident memory of each process while the mix runs, near its end.
async fn under_load(
    shoppers: &mut [Shopper],
    processes: &[Process],
    schedule: Schedule,
) -> anyhow::Result<Vec<Resident>> {
    let look = async {
        tokio::time::sleep(schedule.length).await; // a run begins after a pause
        processes.iter().map(Process::resident).collect()
    };
    let run = measure::at_rate(shoppers, schedule, Workload::Mix);
    tokio::join!(look, run).0
}
