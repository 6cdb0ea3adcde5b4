//! The complete benchmark: the shop in one process, the constant server as the reference, and the
//! shop in many processes.

use std::path::PathBuf;
use std::time::Duration;

use clap::value_parser;

use crate::report::{ALL_IN_ONE, ProcessMemory, Report};
use crate::round_trips::Counter;
use crate::schedule::MAX_SECS;
use crate::shop::{MeasuredShop, ShopArgs};
use crate::shopper::Shopper;
use crate::workload::Workload;
use crate::{document, machine, measure, memory, render, setup};

/// The number of timed cold starts.
const STARTS: usize = 5;

/// The longest run of a search, so that a benchmark takes minutes.
const MAX_RUN_SECS: u64 = 60;

/// The start rates of the searches: below what two cores sustain, so that the first run is
/// sustained.
const START_RATES: [(Workload, u32); 10] = [
    (Workload::List, 500),
    (Workload::Product, 500),
    (Workload::Search, 100),
    (Workload::Mix, 250),
    (Workload::Checkout, 25),
    (Workload::WebHome, 250),
    (Workload::WebList, 250),
    (Workload::WebProduct, 250),
    (Workload::WebOrder, 10),
    (Workload::Web, 100),
];
const CONSTANT_START_RATE: u32 = 2000;

/// The settings of `bench report`.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    shop: ShopArgs,

    /// Document whose generated part is replaced; without one, the figures are printed only
    #[arg(long, env = "BENCH_DOCUMENT")]
    document: Option<PathBuf>,

    /// Duration of a run in seconds
    #[arg(long, env = "BENCH_SECONDS", default_value_t = 5,
        value_parser = value_parser!(u64).range(1..=MAX_RUN_SECS))]
    seconds: u64,

    /// Duration of the load in seconds after which the memory of each process is measured
    #[arg(long, env = "BENCH_MEMORY_SECONDS", default_value_t = 600,
        value_parser = value_parser!(u64).range(1..=MAX_SECS))]
    memory_seconds: u64,

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
    let mut counter = Counter::connect(&args.shop.database_url).await?;
    let postgres = counter.version().await?;
    let shop = MeasuredShop::new(&args.shop)?;
    let mut report = Report {
        facts: machine::facts(&postgres),
        seconds: args.seconds,
        memory_seconds: args.memory_seconds,
        shoppers: args.shoppers,
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
    // The web shop takes no part in the shopping mix.
    let visitors = Duration::from_secs(args.memory_seconds);
    let loads = [(Workload::Mix, duration), (Workload::Web, visitors)];
    let loads = loads.map(|(workload, time)| (workload, report.half_rate(workload, time)));
    report.memory.extend(memory::measure_separate(&shop, args.shoppers, &loads).await?);
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
    let processes = [process];
    let idle = memory::at_rest(&processes).await?;
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
    let schedule = report.half_rate(Workload::Mix, duration);
    let loaded = memory::under_load(&mut shoppers, &processes, Workload::Mix, schedule).await?;
    report.memory.push(ProcessMemory { process: ALL_IN_ONE, idle: idle[0], loaded: loaded[0] });
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
