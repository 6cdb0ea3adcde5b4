//! The figures of a benchmark, from which the document is rendered.

use std::time::Duration;

use crate::measure::SearchResult;
use crate::process::ResidentMemory;
use crate::round_trips::{RoundTrips, Statement};
use crate::schedule::Schedule;
use crate::workload::Workload;

/// The name of the process that contains all components.
pub(crate) const ALL_IN_ONE: &str = "all in one";

/// The figures of a benchmark.
pub(crate) struct Report {
    pub(crate) facts: Vec<(&'static str, String)>,
    /// The duration of a run.
    pub(crate) seconds: u64,
    /// The duration of the load of visitors, near whose end memory is measured.
    pub(crate) memory_seconds: u64,
    pub(crate) shoppers: u16,
    /// The durations of the cold starts, ascending.
    pub(crate) starts: Vec<Duration>,
    pub(crate) list_bytes: usize,
    pub(crate) searches: Vec<SearchResult>,
    pub(crate) memory: Vec<ProcessMemory>,
    pub(crate) round_trips: RoundTrips,
    pub(crate) statements: Vec<Statement>,
}

/// The resident memory of a process, when idle and under load.
pub(crate) struct ProcessMemory {
    pub(crate) process: &'static str,
    pub(crate) idle: ResidentMemory,
    pub(crate) loaded: ResidentMemory,
}

impl Report {
    /// Returns the result of the search with this workload.
    pub(crate) fn search(&self, workload: Workload) -> Option<&SearchResult> {
        self.searches.iter().find(|search| search.workload == workload)
    }

    /// Returns the schedule of a workload at half of its highest rate.
    pub(crate) fn half_rate(&self, workload: Workload, duration: Duration) -> Schedule {
        let half = self.search(workload).and_then(|search| search.half);
        Schedule { rate: half.map_or(1, |run| run.offered), duration }
    }
}
