//! Rendering of a report as Markdown.

use crate::measure::{self, SearchResult, percentiles};
use crate::process::ResidentMemory;
use crate::report::{ALL_IN_ONE, ProcessMemory, Report};
use crate::round_trips::Statement;
use crate::table::{number, table};
use crate::workload::Workload;

/// The number of statements that are listed, starting with the costliest.
const MAX_STATEMENTS: usize = 40;

/// Renders the report.
pub(crate) fn report(report: &Report) -> String {
    let sections = [
        ("Machine", machine(report)),
        ("Targets", targets(report)),
        ("Highest sustained rates", highest(report)),
        ("Steps of the shopping mix, at half of its highest rate", steps(report)),
        ("Resident memory", memory(report)),
        ("Round trips to PostgreSQL", round_trips(report)),
        ("All runs", runs(report)),
    ];
    let sections = sections.iter().map(|(title, text)| format!("### {title}\n\n{text}"));
    sections.collect::<Vec<_>>().join("\n")
}

/// Renders the costliest statements of the counted orders.
pub(crate) fn statements(all: &[Statement]) -> String {
    let row = |statement: &Statement| {
        vec![
            statement.text.replace('|', "\\|"),
            statement.database.clone(),
            statement.calls.to_string(),
            number(statement.total_ms),
        ]
    };
    let rows: Vec<_> = all.iter().take(MAX_STATEMENTS).map(row).collect();
    table(&["statement", "database", "calls", "total ms"], &rows)
}

fn machine(report: &Report) -> String {
    let mut rows: Vec<_> =
        report.facts.iter().map(|(name, value)| vec![(*name).to_owned(), value.clone()]).collect();
    rows.push(vec!["duration of a run".to_owned(), format!("{} s", report.seconds)]);
    let memory = format!("{} s", report.memory_seconds);
    rows.push(vec!["load before memory is measured".to_owned(), memory]);
    rows.push(vec!["shoppers".to_owned(), report.shoppers.to_string()]);
    table(&["property", "value"], &rows)
}

/// Compares the figures with the targets of the project.
fn targets(report: &Report) -> String {
    // The achieved rate of the run at the highest sustained rate.
    let rate = |workload| report.search(workload)?.highest.map(|run| run.achieved);
    let p99 = |workload| report.search(workload)?.half.map(|run| run.latencies.p99);
    let ratio = rate(Workload::List).zip(rate(Workload::Constant));
    let ratio = ratio.map(|(list, constant)| list / constant);
    let idle_mib = |is_included: &dyn Fn(&str) -> bool| {
        let included = report.memory.iter().filter(|memory| is_included(memory.process));
        included.map(|memory| memory.idle.total).max().map(mib)
    };
    let slowest_start = report.starts.last().map(|duration| duration.as_secs_f64());
    let web = report.memory.iter().find(|memory| memory.process == "web");
    let web_mib = |select: fn(&ProcessMemory) -> ResidentMemory| {
        web.map(|memory| mib(select(memory).private))
    };
    let is_other = |name: &str| !matches!(name, ALL_IN_ONE | "gateway");
    let list_p99 = p99(Workload::List);
    let rows = [
        at_least("list of 20 products ÷ constant body, requests/s", 0.5, ratio),
        below("list of 20 products at half of its highest rate, p99 ms", 5.0, list_p99),
        at_least("checkouts answered/s", 100.0, rate(Workload::Checkout)),
        below("checkout at half of its highest rate, p99 ms", 100.0, p99(Workload::Checkout)),
        below("all in one process, idle, MiB", 60.0, idle_mib(&|name| name == ALL_IN_ONE)),
        below("gateway process, idle, MiB", 20.0, idle_mib(&|name| name == "gateway")),
        below("largest other process, idle, MiB", 15.0, idle_mib(&is_other)),
        at_least("product page of the web shop, requests/s", 1500.0, rate(Workload::WebProduct)),
        below("product page at half of its highest rate, p99 ms", 15.0, p99(Workload::WebProduct)),
        below("web process, idle, own memory, MiB", 6.0, web_mib(|memory| memory.idle)),
        below("web process under load, own memory, MiB", 24.0, web_mib(|memory| memory.loaded)),
        below("slowest cold start, s", 1.0, slowest_start),
    ];
    table(&["figure", "target", "measured", "met"], &rows)
}

fn at_least(figure: &str, target: f64, measured: Option<f64>) -> Vec<String> {
    target_row(figure, format!("≥ {target}"), measured, |measured| measured >= target)
}

fn below(figure: &str, target: f64, measured: Option<f64>) -> Vec<String> {
    target_row(figure, format!("< {target}"), measured, |measured| measured < target)
}

fn target_row(
    figure: &str,
    target: String,
    measured: Option<f64>,
    is_met: impl FnOnce(f64) -> bool,
) -> Vec<String> {
    let value = measured.map_or_else(|| "none".to_owned(), number);
    let met = if measured.is_some_and(is_met) { "yes" } else { "no" };
    vec![figure.to_owned(), target, value, met.to_owned()]
}

fn highest(report: &Report) -> String {
    let row = |search: &SearchResult| {
        let at_highest = search.highest.map(|run| {
            let rates = vec![run.offered.to_string(), number(run.requests)];
            [rates, percentiles(&run.latencies)].concat()
        });
        let at_half = search.half.map(|run| percentiles(&run.latencies)[..3].to_vec());
        let none = |count| vec!["–".to_owned(); count];
        let cells = [at_highest.unwrap_or_else(|| none(6)), at_half.unwrap_or_else(|| none(3))];
        [vec![search.workload.name().to_owned()], cells.concat()].concat()
    };
    let header = [
        "workload",
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
    let rows: Vec<_> = report.searches.iter().map(row).collect();
    format!(
        "The constant body has the size of the list: {} bytes.\n\n{}",
        report.list_bytes,
        table(&header, &rows)
    )
}

fn steps(report: &Report) -> String {
    let mix = report.search(Workload::Mix);
    mix.map_or_else(String::new, |search| measure::steps_table(&search.steps))
}

fn memory(report: &Report) -> String {
    let millis = |start: &std::time::Duration| format!("{:.0} ms", start.as_secs_f64() * 1000.0);
    let starts: Vec<_> = report.starts.iter().map(millis).collect();
    let starts = format!("Cold starts of `shop all`: {}.\n", starts.join(", "));
    format!("{}\n{starts}", processes(&report.memory))
}

/// Renders the memory of processes.
pub(crate) fn processes(memory: &[ProcessMemory]) -> String {
    let cells = |memory: ResidentMemory| [memory.total, memory.private].map(mib).map(number);
    let row = |memory: &ProcessMemory| {
        let figures = [memory.idle, memory.loaded].map(cells);
        [vec![memory.process.to_owned()], figures.concat()].concat()
    };
    let rows: Vec<_> = memory.iter().map(row).collect();
    let header =
        ["process", "idle, MiB", "idle, private MiB", "under load, MiB", "under load, private MiB"];
    table(&header, &rows)
}

fn round_trips(report: &Report) -> String {
    let row = |(owner, calls): &(String, f64)| vec![owner.clone(), number(*calls)];
    let rows: Vec<_> = report.round_trips.iter().map(row).collect();
    table(&["database of", "statements per order"], &rows)
}

fn runs(report: &Report) -> String {
    let section = |search: &SearchResult| {
        let runs: Vec<_> = search.runs.iter().copied().chain(search.half).collect();
        format!("{}:\n\n{}", search.workload.name(), measure::runs_table(&runs))
    };
    report.searches.iter().map(section).collect::<Vec<_>>().join("\n")
}

fn mib(kib: u64) -> f64 {
    kib as f64 / 1024.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_is_met_by_its_comparison_and_never_without_a_figure() {
        let met = |row: Vec<String>| row[3].clone();
        assert_eq!(met(at_least("a", 0.5, Some(0.5))), "yes");
        assert_eq!(met(at_least("a", 0.5, Some(0.499))), "no");
        assert_eq!(met(below("a", 5.0, Some(4.99))), "yes");
        assert_eq!(met(below("a", 5.0, Some(5.0))), "no");
        assert_eq!(met(below("a", 5.0, None)), "no");
        assert_eq!(met(at_least("a", 5.0, None)), "no");
    }
}
