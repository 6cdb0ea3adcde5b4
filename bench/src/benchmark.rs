//! The complete benchmark: the shop in one process, the constant server as the reference, and the
//! shop in many processes.

use std::path::PathBuf;
use std::time::Duration;

use clap::value_parser;

use crate::process::{Process, ResidentMemory};
use crate::report::{ALL_IN_ONE, ProcessMemory, Report};
use crate::round_trips::Counter;
use crate::schedule::Schedule;
use crate::shop::MeasuredShop;
use crate::shopper::Shopper;
use crate::workload::Workload;
use crate::{document, machine, measure, render, setup};

/// The number of timed cold starts.
const STARTS: usize = 5;

/// The time after which a started shop is idle.
const SETTLE_TIME: Duration = Duration::from_secs(3);

/// The longest run of a search, so that a benchmark takes minutes.
const MAX_RUN_SECS: u64 = 60;

/// The start rates of the searches: below what two cores sustain, so that the first run is
/// sustained.
const START_RATES: [(Workload, u32); 9] = [
    (Workload::List, 500),
    (Workload::Product, 500),
    (Workload::Search, 100),
    (Workload::Mix, 250),
    (Workload::Checkout, 25),
    (Workload::WebHome, 250),
    (Workload::WebList, 250),
    (Workload::WebProduct, 250),
    (Workload::WebOrder, 10),
];
const CONSTANT_START_RATE: u32 = 2000;

/// The settings of `bench report`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Program of the shop
    #[arg(long)]
    shop: PathBuf,

    /// URL of a PostgreSQL server with pg_stat_statements, as its superuser; private to this run
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: String,

    /// URL of a Redis server; private to this run
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    redis_url: String,

    /// Document whose generated part is replaced; without one, the figures are printed only
    #[arg(long, env = "BENCH_DOCUMENT")]
    document: Option<PathBuf>,

    /// Duration of a run in seconds
    #[arg(long, env = "BENCH_SECONDS", default_value_t = 5,
        value_parser = value_parser!(u64).range(1..=MAX_RUN_SECS))]
    seconds: u64,

    /// Number of shoppers, each with one connection and one request at a time
    #[arg(long, env = "BENCH_SHOPPERS", default_value_t = 64,
        value_parser = value_parser!(u16).range(1..=500))]
    shoppers: u16,
}

/// Runs the benchmark, prints the figures, and writes them into the document.
pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    if let Some(path) = &args.document {
        document::check(path)?;
    }
    let report = measure(&args).await?;
    let figures = render::report(&report);
    #[expect(clippy::print_stdout, reason = "the figures are what the command is for")]
    {
        println!("{figures}\n{}", render::statements(&report.statements));
    }
    match &args.document {
        Some(path) => document::write(path, &figures),
        None => Ok(()),
    }
}

async fn measure(args: &Args) -> anyhow::Result<Report> {
    let mut counter = Counter::connect(&args.database_url).await?;
    let postgres = counter.version().await?;
    let shop = MeasuredShop::new(&args.shop, &args.database_url, &args.redis_url)?;
    let mut report = Report {
        facts: machine::facts(&postgres),
        seconds: args.seconds,
        shoppers: usize::from(args.shoppers),
        starts: measure_starts(&shop).await?,
        list_bytes: 0,
        searches: Vec::new(),
        memory: Vec::new(),
        round_trips: Vec::new(),
        statements: Vec::new(),
    };
    let duration = Duration::from_secs(args.seconds);
    measure_combined(&shop, &mut report, &mut counter, duration).await?;
    measure_constant(&shop, &mut report, duration).await?;
    measure_separate(&shop, &mut report, duration).await?;
    Ok(report)
}

/// Measures cold starts of the shop in one process. The first start, which creates the databases,
/// is not timed.
async fn measure_starts(shop: &MeasuredShop) -> anyhow::Result<Vec<Duration>> {
    eprintln!("==> cold starts");
    let mut durations = Vec::with_capacity(STARTS);
    for number in 0..=STARTS {
        let (process, duration) = shop.start_combined().await?;
        process.stop().await?;
        if number > 0 {
            durations.push(duration);
        }
    }
    durations.sort_unstable();
    Ok(durations)
}

/// Measures the shop in one process: round trips, rates and memory.
async fn measure_combined(
    shop: &MeasuredShop,
    report: &mut Report,
    counter: &mut Counter,
    duration: Duration,
) -> anyhow::Result<()> {
    let (process, _) = shop.start_combined().await?;
    tokio::time::sleep(SETTLE_TIME).await;
    let idle = process.resident_memory()?;
    let target = shop.gateway().await?;
    let web = shop.web().await?;
    let mut shoppers = setup::shoppers(&target, Some(&web), report.shoppers, &shop.admin()).await?;
    report.list_bytes = setup::list_size(&target).await?;
    eprintln!("==> round trips to PostgreSQL");
    if let Some(first) = shoppers.first_mut() {
        (report.round_trips, report.statements) = counter.measure_order(first).await?;
    }
    for (workload, start_rate) in START_RATES {
        let result = measure::search(&mut shoppers, workload, start_rate, duration).await;
        report.searches.push(result);
    }
    let processes = [process];
    let schedule = report.half_rate(Workload::Mix, duration);
    let loaded = memory_under_load(&mut shoppers, &processes, Workload::Mix, schedule).await?;
    report.memory.push(ProcessMemory { process: ALL_IN_ONE, idle, loaded: loaded[0] });
    let [process] = processes;
    process.stop().await
}

/// Measures the rates of the constant server.
async fn measure_constant(
    shop: &MeasuredShop,
    report: &mut Report,
    duration: Duration,
) -> anyhow::Result<()> {
    let process = shop.start_constant(report.list_bytes).await?;
    let target = shop.gateway().await?;
    let shoppers = (0..report.shoppers).map(|_| Shopper::anonymous(&target));
    let mut shoppers = shoppers.collect::<anyhow::Result<Vec<_>>>()?;
    let workload = Workload::Constant;
    let result = measure::search(&mut shoppers, workload, CONSTANT_START_RATE, duration).await;
    report.searches.insert(0, result);
    process.stop().await
}

/// Measures the memory of the shop with each component in a process of its own.
async fn measure_separate(
    shop: &MeasuredShop,
    report: &mut Report,
    duration: Duration,
) -> anyhow::Result<()> {
    eprintln!("==> each component in a process of its own");
    let processes = shop.start_separate().await?;
    tokio::time::sleep(SETTLE_TIME).await;
    let idle = resident_memory(&processes)?;
    let target = shop.gateway().await?;
    let web = shop.web().await?;
    let mut shoppers = setup::shoppers(&target, Some(&web), report.shoppers, &shop.admin()).await?;
    let mut loaded = Vec::new();
    // The web shop takes no part in the shopping mix.
    for workload in [Workload::Mix, Workload::WebProduct] {
        let schedule = report.half_rate(workload, duration);
        loaded = memory_under_load(&mut shoppers, &processes, workload, schedule).await?;
    }
    for ((process, idle), loaded) in processes.iter().zip(idle).zip(loaded) {
        report.memory.push(ProcessMemory { process: process.name, idle, loaded });
    }
    for process in processes {
        process.stop().await?;
    }
    Ok(())
}

/// Returns the resident memory of each process near the end of a run.
async fn memory_under_load(
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
