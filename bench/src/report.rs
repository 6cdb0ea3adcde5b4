//! The figures of a benchmark, from which the document is rendered.

use std::time::Duration;

use crate::measure::Found;
use crate::process::Resident;
use crate::round_trips::{RoundTrips, Statement};
use crate::schedule::Schedule;
use crate::workload::Workload;

/// What was measured.
pub(crate) struct Report {
    pub(crate) facts: Vec<(&'static str, String)>,
    pub(crate) seconds: u64,
    pub(crate) shoppers: usize,
    pub(crate) starts: Vec<Duration>,
    pub(crate) list_bytes: usize,
    pub(crate) found: Vec<Found>,
    pub(crate) memory: Vec<Memory>,
    pub(crate) round_trips: RoundTrips,
    pub(crate) statements: Vec<Statement>,
}

/// Resident memory of a process, before and while it works.
pub(crate) struct Memory {
    pub(crate) process: &'static str,
    pub(crate) idle: Resident,
    pub(crate) loaded: Resident,
}

impl Report {
    /// What a search found.
    pub(crate) fn of(&self, workload: Workload) -> Option<&Found> {
        self.found.iter().find(|found| found.workload == workload)
    }

    /// The mix at half of its highest rate.
    pub(crate) fn mix(&self, length: Duration) -> Schedule {
        let half = self.of(Workload::Mix).and_then(|found| found.half);
        Schedule { rate: half.map_or(1, |run| run.offered), length }
    }
}
