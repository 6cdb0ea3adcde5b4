//! What is counted beyond RPCs.

use std::sync::atomic::AtomicU64;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
};

use crate::{
    domain::event::Event,
    driver::{Settled, Turn},
    store::stats::Backlog,
};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StepLabels {
    flow: &'static str,
    step: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndLabels {
    end: &'static str,
    failure: &'static str,
}

/// The metrics of orders. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    steps: Family<StepLabels, Counter>,
    checkouts: Family<EndLabels, Counter>,
    open: Gauge,
    stuck: Gauge,
    waiting: Gauge,
    refused: Gauge,
    oldest: Gauge<f64, AtomicU64>,
    inconsistent: Gauge,
}

impl Metrics {
    pub(crate) fn register(metrics: &kit::metrics::Metrics) -> Self {
        let gauge = |name: &str, help: &str| metrics.register(name, help, Gauge::default());
        Self {
            steps: metrics.register(
                "steps",
                "Steps of checkouts, refunds and messages that were tried, by outcome",
                Family::default(),
            ),
            checkouts: metrics.register(
                "checkouts",
                "Checkouts that ended, by how and why",
                Family::default(),
            ),
            open: gauge("checkouts_open", "Checkouts that have not ended"),
            stuck: gauge(
                "flows_stuck",
                "Checkouts and refunds that must end well and ask the same for over 5 minutes",
            ),
            waiting: gauge("outbox_waiting", "Messages that are not delivered yet"),
            refused: gauge("outbox_refused", "Messages that were refused for good"),
            oldest: metrics.register(
                "outbox_oldest_seconds",
                "Age of the oldest message that is not delivered yet",
                Gauge::default(),
            ),
            inconsistent: gauge(
                "inconsistent",
                "Orders whose money, stock or shipment disagrees with their state, at the last check",
            ),
        }
    }

    pub(crate) fn turned(&self, turn: &Turn) {
        let (flow, step) = turn.names;
        let events = match &turn.settled {
            Settled::Kept { events, .. } => events.as_slice(),
            Settled::Lost => &[],
        };
        let outcome = match turn.settled {
            Settled::Kept { .. } => turn.outcome,
            Settled::Lost => "lost",
        };
        self.steps.get_or_create(&StepLabels { flow, step, outcome }).inc();
        for event in events {
            self.happened(event);
        }
    }

    fn happened(&self, event: &Event) {
        let labels = match event {
            Event::Confirmed { .. } => EndLabels { end: "confirmed", failure: "" },
            Event::Cancelled { failure, .. } => {
                let failure = failure.as_ref().map_or("", |failure| failure.code.as_str());
                EndLabels { end: "cancelled", failure }
            }
            Event::Paid { .. }
            | Event::CancelOwed { .. }
            | Event::CalledOff { .. }
            | Event::GivenBack { .. }
            | Event::LeftCart => return,
        };
        self.checkouts.get_or_create(&labels).inc();
    }

    pub(crate) fn backlog(&self, backlog: &Backlog) {
        self.open.set(backlog.checkouts);
        self.stuck.set(backlog.stuck);
        self.waiting.set(backlog.messages);
        self.refused.set(backlog.refused);
        self.oldest.set(backlog.oldest_secs);
    }

    pub(crate) fn inconsistent(&self, orders: usize) {
        self.inconsistent.set(i64::try_from(orders).unwrap_or(i64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use kit::Runtime;

    use super::*;

    #[test]
    fn steps_and_ends_are_counted_by_name() {
        let runtime = Runtime::for_tests().component("order");
        let metrics = Metrics::register(runtime.metrics());
        let turn = |settled| Turn { names: ("checkout", "ship"), outcome: "done", settled };
        let confirmed = Event::Confirmed { tracking_number: "1Z".into() };
        metrics.turned(&turn(Settled::Kept { events: vec![confirmed], next: None }));
        metrics.turned(&turn(Settled::Lost));
        let text = runtime.metrics().text();
        for line in [
            "order_steps_total{flow=\"checkout\",step=\"ship\",outcome=\"done\"} 1",
            "order_steps_total{flow=\"checkout\",step=\"ship\",outcome=\"lost\"} 1",
            "order_checkouts_total{end=\"confirmed\",failure=\"\"} 1",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }
}
