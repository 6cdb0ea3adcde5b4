//! Runs at rising rates, and what they tell.

use std::time::Duration;

use crate::climb::Climb;
use crate::load;
use crate::schedule::Schedule;
use crate::shopper::Shopper;
use crate::table::{number, table};
use crate::tally::{Percentiles, Summary, Tally};
use crate::workload::{Step, Workload};

/// A moment for what a run left behind (mails, sweepers) before the next one begins.
const PAUSE: Duration = Duration::from_secs(1);

/// The head of a table of [`row`]s.
const HEAD: [&str; 10] = [
    "offered/s",
    "answered/s",
    "requests/s",
    "p50 ms",
    "p95 ms",
    "p99 ms",
    "max ms",
    "errors",
    "not asked",
    "sustained",
];

/// What a search found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) workload: Workload,
    /// Every run, in order.
    pub(crate) runs: Vec<Summary>,
    /// The run at the highest rate that was sustained.
    pub(crate) highest: Option<Summary>,
    /// A run at half of it.
    pub(crate) half: Option<Summary>,
    /// Latencies by step at half of it.
    pub(crate) steps: Vec<(Step, u64, Percentiles)>,
}

/// A run at one rate. Why arrivals failed is told at once.
pub(crate) async fn at_rate(
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

/// Looks for the highest rate that is sustained, beginning at `from`, in runs of `length`; then runs
/// at half of it.
pub(crate) async fn search(
    shoppers: &mut [Shopper],
    workload: Workload,
    from: u32,
    length: Duration,
) -> Found {
    eprintln!("==> {}: rising rates", workload.name());
    // Connections are opened, plans are made, caches are filled.
    at_rate(shoppers, Schedule { rate: from.div_ceil(4), length: PAUSE }, workload).await;
    let mut climb = Climb::from(from);
    let mut runs: Vec<Summary> = Vec::new();
    while let Some(rate) = climb.next() {
        let (summary, _) = at_rate(shoppers, Schedule { rate, length }, workload).await;
        climb.learn(summary.sustained);
        runs.push(summary);
    }
    let highest = climb.highest();
    let at_highest = |run: &&Summary| Some(run.offered) == highest;
    let mut found = Found {
        workload,
        highest: runs.iter().find(at_highest).copied(),
        runs,
        half: None,
        steps: Vec::new(),
    };
    if let Some(rate) = highest.map(|rate| rate.div_ceil(2)) {
        let (half, tally) = at_rate(shoppers, Schedule { rate, length }, workload).await;
        found.half = Some(half);
        found.steps = tally.steps();
    }
    found
}

/// A table of runs.
pub(crate) fn runs_table(runs: &[Summary]) -> String {
    table(&HEAD, &runs.iter().map(row).collect::<Vec<_>>())
}

/// A table of latencies by step.
pub(crate) fn steps_table(steps: &[(Step, u64, Percentiles)]) -> String {
    let row = |(step, count, of): &(Step, u64, Percentiles)| {
        [vec![step.name().to_owned(), count.to_string()], percentiles(of)].concat()
    };
    let head = ["step", "count", "p50 ms", "p95 ms", "p99 ms", "max ms"];
    table(&head, &steps.iter().map(row).collect::<Vec<_>>())
}

/// The percentiles in the order of the tables.
pub(crate) fn percentiles(of: &Percentiles) -> Vec<String> {
    [of.p50, of.p95, of.p99, of.max].map(number).to_vec()
}

fn row(run: &Summary) -> Vec<String> {
    let rates = vec![run.offered.to_string(), number(run.achieved), number(run.requests)];
    let sustained = if run.sustained { "yes" } else { "no" }.to_owned();
    let ends = vec![run.errors.to_string(), run.missed.to_string(), sustained];
    [rates, percentiles(&run.latencies), ends].concat()
}

fn line(run: &Summary) -> String {
    let cells = HEAD.iter().zip(row(run)).map(|(name, cell)| format!("{name} {cell}"));
    cells.collect::<Vec<_>>().join(" · ")
}
