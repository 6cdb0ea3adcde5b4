//! Measurements of one workload: a run at one rate, and the search for the highest sustained rate.

use std::time::Duration;

use crate::load;
use crate::rate_search::RateSearch;
use crate::schedule::Schedule;
use crate::shopper::Shopper;
use crate::table::{number, table};
use crate::tally::{Percentiles, StepLatencies, Summary, Tally};
use crate::workload::Workload;

/// The pause before a run, in which background work of the run before (mails, sweepers) finishes.
const PAUSE: Duration = Duration::from_secs(1);

/// The header of a table of runs.
const RUN_HEADER: [&str; 10] = [
    "offered/s",
    "answered/s",
    "requests/s",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "max ms",
    "errors",
    "dropped",
    "sustained",
];

/// The result of a search.
#[derive(Debug)]
pub(crate) struct SearchResult {
    pub(crate) workload: Workload,
    /// All runs, in order.
    pub(crate) runs: Vec<Summary>,
    /// The run at the highest sustained rate.
    pub(crate) highest: Option<Summary>,
    /// A run at half of that rate.
    pub(crate) half: Option<Summary>,
    /// The latencies by step at half of that rate.
    pub(crate) steps: Vec<StepLatencies>,
}

/// Runs a workload at one rate, and prints the result and the errors.
pub(crate) async fn run_at_rate(
    shoppers: &mut [Shopper],
    schedule: Schedule,
    workload: Workload,
) -> (Summary, Tally) {
    tokio::time::sleep(PAUSE).await;
    let tally = load::run(shoppers, schedule, workload).await;
    let summary = tally.summary();
    eprintln!("    {}", line(&summary));
    for (reason, count) in tally.errors() {
        eprintln!("      {count} × {reason}");
    }
    (summary, tally)
}

/// Searches for the highest sustained rate, starting at `start_rate`, in runs of `duration`, and
/// then runs at half of that rate.
pub(crate) async fn search(
    shoppers: &mut [Shopper],
    workload: Workload,
    start_rate: u32,
    duration: Duration,
) -> SearchResult {
    eprintln!("==> {}: search for the highest rate", workload.name());
    // Warm-up: connections are opened, statements are planned, caches are filled.
    let warm_up = Schedule { rate: start_rate.div_ceil(4), duration: PAUSE };
    run_at_rate(shoppers, warm_up, workload).await;
    let mut search = RateSearch::new(start_rate);
    let mut runs: Vec<Summary> = Vec::new();
    while let Some(rate) = search.next() {
        let (summary, _) = run_at_rate(shoppers, Schedule { rate, duration }, workload).await;
        search.record(summary.sustained);
        runs.push(summary);
    }
    let highest = search.highest();
    let is_highest = |run: &&Summary| Some(run.offered) == highest;
    let mut result = SearchResult {
        workload,
        highest: runs.iter().find(is_highest).copied(),
        runs,
        half: None,
        steps: Vec::new(),
    };
    if let Some(rate) = highest.map(|rate| rate.div_ceil(2)) {
        let (half, tally) = run_at_rate(shoppers, Schedule { rate, duration }, workload).await;
        result.half = Some(half);
        result.steps = tally.steps();
    }
    result
}

/// Renders a table of runs.
pub(crate) fn runs_table(runs: &[Summary]) -> String {
    table(&RUN_HEADER, &runs.iter().map(run_row).collect::<Vec<_>>())
}

/// Renders a table of latencies by step.
pub(crate) fn steps_table(steps: &[StepLatencies]) -> String {
    let row = |StepLatencies { step, count, latencies }: &StepLatencies| {
        [vec![step.name().to_owned(), count.to_string()], percentiles(latencies)].concat()
    };
    let header = ["step", "count", "p50 ms", "p95 ms", "p99 ms", "max ms"];
    table(&header, &steps.iter().map(row).collect::<Vec<_>>())
}

/// Formats percentiles in the order of the tables.
pub(crate) fn percentiles(latencies: &Percentiles) -> Vec<String> {
    [latencies.p50, latencies.p95, latencies.p99, latencies.max].map(number).to_vec()
}

fn run_row(run: &Summary) -> Vec<String> {
    let rates = vec![run.offered.to_string(), number(run.achieved), number(run.requests)];
    let sustained = if run.sustained { "yes" } else { "no" }.to_owned();
    let failures = vec![run.errors.to_string(), run.dropped.to_string(), sustained];
    [rates, percentiles(&run.latencies), failures].concat()
}

fn line(run: &Summary) -> String {
    let cells = RUN_HEADER.iter().zip(run_row(run)).map(|(name, cell)| format!("{name} {cell}"));
    cells.collect::<Vec<_>>().join(" · ")
}
