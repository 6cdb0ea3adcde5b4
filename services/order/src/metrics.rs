//! Metrics of the service beyond those of its RPCs.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use crate::domain::event::Event;
use crate::saga::{Recorded, StepResult};
use crate::store::stats::Backlog;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StepLabels {
    /// The saga; the label keeps its published name.
    flow: &'static str,
    step: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndLabels {
    end: &'static str,
    failure: &'static str,
}

/// Metrics of the order service. Cheap to clone.
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
                "Executed saga steps of checkouts, refunds and outbox messages, by outcome",
                Family::default(),
            ),
            checkouts: metrics.register(
                "checkouts",
                "Ended checkouts, by end and failure",
                Family::default(),
            ),
            open: gauge("checkouts_open", "Checkouts in progress"),
            stuck: gauge(
                "flows_stuck",
                "Checkouts and refunds that have retried one step for over 5 minutes",
            ),
            waiting: gauge("outbox_waiting", "Outbox messages that are not delivered yet"),
            refused: gauge("outbox_refused", "Outbox messages that were permanently rejected"),
            oldest: metrics.register(
                "outbox_oldest_seconds",
                "Age of the oldest outbox message that is not delivered yet",
                Gauge::default(),
            ),
            inconsistent: gauge(
                "inconsistent",
                "Orders that contradict payment, stock or shipment records, at the last check",
            ),
        }
    }

    pub(crate) fn record_step(&self, result: &StepResult) {
        let (flow, step) = result.labels;
        let events = match &result.recorded {
            Recorded::Committed { events, .. } => events.as_slice(),
            Recorded::LeaseLost => &[],
        };
        let outcome = match result.recorded {
            Recorded::Committed { .. } => result.outcome,
            Recorded::LeaseLost => "lost",
        };
        self.steps.get_or_create(&StepLabels { flow, step, outcome }).inc();
        for event in events {
            self.record_event(event);
        }
    }

    fn record_event(&self, event: &Event) {
        let labels = match event {
            Event::Confirmed { .. } => EndLabels { end: "confirmed", failure: "" },
            Event::Cancelled { failure, .. } => {
                let failure = failure.as_ref().map_or("", |failure| failure.code.as_str());
                EndLabels { end: "cancelled", failure }
            }
            Event::Paid { .. }
            | Event::CancelRequested { .. }
            | Event::ShipmentCancelled { .. }
            | Event::Refunded { .. }
            | Event::LeftCart => return,
        };
        self.checkouts.get_or_create(&labels).inc();
    }

    pub(crate) fn set_backlog(&self, backlog: &Backlog) {
        self.open.set(backlog.checkouts);
        self.stuck.set(backlog.stuck);
        self.waiting.set(backlog.messages);
        self.refused.set(backlog.refused);
        self.oldest.set(backlog.oldest_secs);
    }

    pub(crate) fn set_inconsistent(&self, orders: usize) {
        self.inconsistent.set(i64::try_from(orders).unwrap_or(i64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use kit::Runtime;

    use super::*;

    #[test]
    fn steps_and_ended_checkouts_are_counted() {
        let runtime = Runtime::for_tests().component("order");
        let metrics = Metrics::register(runtime.metrics());
        let result =
            |recorded| StepResult { labels: ("checkout", "ship"), outcome: "done", recorded };
        let confirmed = Event::Confirmed { tracking_number: "1Z".into() };
        metrics.record_step(&result(Recorded::Committed { events: vec![confirmed], next: None }));
        metrics.record_step(&result(Recorded::LeaseLost));
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
