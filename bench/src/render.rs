//! A report as Markdown.

use crate::measure::{self, Found, percentiles};
use crate::report::Report;
use crate::round_trips::Statement;
use crate::table::{number, table};
use crate::workload::Workload;

/// Statements that are told of, from the costliest on.
const STATEMENTS: usize = 40;

/// The whole report.
pub(crate) fn report(report: &Report) -> String {
    let sections = [
        ("The machine", machine(report)),
        ("Figures to reach", targets(report)),
        ("Highest rates", highest(report)),
        ("Steps of the shopping mix, at half of its highest rate", steps(report)),
        ("Resident memory", memory(report)),
        ("Round trips to PostgreSQL", round_trips(report)),
        ("Every run", runs(report)),
    ];
    let sections = sections.iter().map(|(title, text)| format!("### {title}\n\n{text}"));
    sections.collect::<Vec<_>>().join("\n")
}

/// The costliest statements of the orders that were counted.
pub(crate) fn statements(all: &[Statement]) -> String {
    let row = |statement: &Statement| {
        vec![
            statement.text.replace('|', "\\|"),
            statement.database.clone(),
            statement.calls.to_string(),
            number(statement.total_ms),
        ]
    };
    let rows: Vec<_> = all.iter().take(STATEMENTS).map(row).collect();
    table(&["statement", "database", "calls", "total ms"], &rows)
}

fn machine(report: &Report) -> String {
    let mut rows: Vec<_> =
        report.facts.iter().map(|(name, value)| vec![(*name).to_owned(), value.clone()]).collect();
    rows.push(vec!["a run".to_owned(), format!("{} s", report.seconds)]);
    rows.push(vec!["shoppers".to_owned(), report.shoppers.to_string()]);
    table(&["what", "value"], &rows)
}

/// What the shop was meant to reach, beside what it did.
fn targets(report: &Report) -> String {
    // Of the highest rate that was sustained, what was answered.
    let rate = |workload| report.of(workload)?.highest.map(|run| run.achieved);
    let p99 = |workload| report.of(workload)?.half.map(|run| run.latencies.p99);
    let ratio = rate(Workload::List).zip(rate(Workload::Constant)).map(|(list, all)| list / all);
    let memory = |wanted: &dyn Fn(&str) -> bool| {
        let of = report.memory.iter().filter(|memory| wanted(memory.process));
        of.map(|memory| memory.idle.all).max().map(mib)
    };
    let start = report.starts.last().map(|slowest| slowest.as_secs_f64());
    let alone = |name: &str| !matches!(name, "all in one" | "gateway");
    let rows = [
        at_least("list of 20 products ÷ constant body, requests a second", 0.5, ratio),
        below("list of 20 products at half of its highest rate, p99 ms", 5.0, p99(Workload::List)),
        at_least("checkouts answered a second", 100.0, rate(Workload::Checkout)),
        below("checkout at half of its highest rate, p99 ms", 100.0, p99(Workload::Checkout)),
        below("all in one process, idle, MiB", 60.0, memory(&|name| name == "all in one")),
        below("the largest of the others as a process, idle, MiB", 15.0, memory(&alone)),
        below("gateway as a process, idle, MiB", 20.0, memory(&|name| name == "gateway")),
        below("cold start, the slowest, s", 1.0, start),
    ];
    table(&["what", "wanted", "measured", "reached"], &rows)
}

fn at_least(what: &str, wanted: f64, measured: Option<f64>) -> Vec<String> {
    target(what, format!("≥ {wanted}"), measured, |measured| measured >= wanted)
}

fn below(what: &str, wanted: f64, measured: Option<f64>) -> Vec<String> {
    target(what, format!("< {wanted}"), measured, |measured| measured < wanted)
}

fn target(
    what: &str,
    wanted: String,
    measured: Option<f64>,
    reached: impl FnOnce(f64) -> bool,
) -> Vec<String> {
    let told = measured.map_or_else(|| "none".to_owned(), number);
    let reached = if measured.is_some_and(reached) { "yes" } else { "no" };
    vec![what.to_owned(), wanted, told, reached.to_owned()]
}

fn highest(report: &Report) -> String {
    let row = |found: &Found| {
        let at_highest = found.highest.map(|run| {
            let rates = vec![run.offered.to_string(), number(run.requests)];
            [rates, percentiles(&run.latencies)].concat()
        });
        let at_half = found.half.map(|run| percentiles(&run.latencies)[..3].to_vec());
        let none = |count| vec!["–".to_owned(); count];
        let cells = [at_highest.unwrap_or_else(|| none(6)), at_half.unwrap_or_else(|| none(3))];
        [vec![found.workload.name().to_owned()], cells.concat()].concat()
    };
    let head = [
        "what",
        "offered/s",
        "requests/s",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "max ms",
        "p50 at half",
        "p95 at half",
        "p99 at half",
    ];
    let rows: Vec<_> = report.found.iter().map(row).collect();
    format!(
        "The constant body has the size of the list: {} bytes.\n\n{}",
        report.list_bytes,
        table(&head, &rows)
    )
}

fn steps(report: &Report) -> String {
    report.of(Workload::Mix).map_or_else(String::new, |found| measure::steps_table(&found.steps))
}

fn memory(report: &Report) -> String {
    let row = |memory: &crate::report::Memory| {
        let figures = [memory.idle, memory.loaded].map(|of| [of.all, of.own].map(mib).map(number));
        [vec![memory.process.to_owned()], figures.concat()].concat()
    };
    let rows: Vec<_> = report.memory.iter().map(row).collect();
    let starts: Vec<_> =
        report.starts.iter().map(|took| format!("{:.0} ms", took.as_secs_f64() * 1000.0)).collect();
    let starts = format!("Cold starts of `shop all`: {}.\n", starts.join(", "));
    let head = ["process", "idle MiB", "of it own", "in the mix MiB", "of it own"];
    format!("{}\n{starts}", table(&head, &rows))
}

fn round_trips(report: &Report) -> String {
    let row = |(owner, calls): &(String, f64)| vec![owner.clone(), number(*calls)];
    let rows: Vec<_> = report.round_trips.iter().map(row).collect();
    table(&["database of", "statements an order"], &rows)
}

fn runs(report: &Report) -> String {
    let section = |found: &Found| {
        let runs: Vec<_> = found.runs.iter().copied().chain(found.half).collect();
        format!("{}:\n\n{}", found.workload.name(), measure::runs_table(&runs))
    };
    report.found.iter().map(section).collect::<Vec<_>>().join("\n")
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_reached_by_its_own_measure_and_never_without_one() {
        let reached = |row: Vec<String>| row[3].clone();
        assert_eq!(reached(at_least("a", 0.5, Some(0.5))), "yes");
        assert_eq!(reached(at_least("a", 0.5, Some(0.499))), "no");
        assert_eq!(reached(below("a", 5.0, Some(4.99))), "yes");
        assert_eq!(reached(below("a", 5.0, Some(5.0))), "no");
        assert_eq!(reached(below("a", 5.0, None)), "no");
        assert_eq!(reached(at_least("a", 5.0, None)), "no");
    }
}
