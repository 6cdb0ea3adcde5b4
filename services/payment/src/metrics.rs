//! Metrics of the payment service beyond those of its RPCs.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use crate::consistency::ConsistencyReport;
use crate::domain::transaction::Kind;

/// Histogram buckets: a provider responds in tens of milliseconds, and calls time out after four
/// seconds.
const BUCKETS: [f64; 9] = [0.005, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0];

/// Operation of a call to the provider.
#[derive(Clone, Copy)]
pub(crate) enum Operation {
    /// Executes a transaction.
    Perform(Kind),
    /// Looks up the outcome of an idempotency key.
    LookUp,
    /// Tokenizes a card.
    Tokenize,
}

impl Operation {
    fn as_str(self) -> &'static str {
        match self {
            Self::Perform(Kind::Authorization) => "authorize",
            Self::Perform(Kind::Charge) => "charge",
            Self::Perform(Kind::Capture) => "capture",
            Self::Perform(Kind::Refund) => "refund",
            Self::Perform(Kind::Void) => "void",
            Self::LookUp => "look_up",
            Self::Tokenize => "tokenise",
        }
    }
}

/// Outcome of a call to the provider.
#[derive(Clone, Copy)]
pub(crate) enum CallOutcome {
    /// The operation was executed, or the outcome was found.
    Done,
    /// The provider declined.
    Declined,
    /// The provider has no record of the idempotency key.
    Absent,
    /// The call failed or timed out.
    Unknown,
}

impl CallOutcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Declined => "declined",
            Self::Absent => "absent",
            Self::Unknown => "unknown",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabels {
    operation: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OperationLabels {
    operation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct KindLabels {
    kind: &'static str,
}

type Durations = Family<OperationLabels, Histogram, fn() -> Histogram>;

/// Metrics of the payment service. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    calls: Family<CallLabels, Counter>,
    durations: Durations,
    open_intents: Gauge,
    oldest_open_intent_secs: Gauge<f64, AtomicU64>,
    inconsistencies: Family<KindLabels, Gauge>,
}

impl Metrics {
    pub(crate) fn register(metrics: &kit::metrics::Metrics) -> Self {
        let durations: Durations = Family::new_with_constructor(|| Histogram::new(BUCKETS));
        Self {
            calls: metrics.register(
                "provider_calls",
                "Calls to the payment provider, by operation and outcome",
                Family::default(),
            ),
            durations: metrics.register(
                "provider_call_duration_seconds",
                "Duration of calls to the payment provider",
                durations,
            ),
            open_intents: metrics.register(
                "open_intents",
                "Open intents: payment transactions whose outcome is unknown",
                Gauge::default(),
            ),
            oldest_open_intent_secs: metrics.register(
                "oldest_open_intent_age_seconds",
                "Age of the oldest open intent",
                Gauge::default(),
            ),
            inconsistencies: metrics.register(
                "inconsistencies",
                "Inconsistent transactions, by kind; expected to be 0",
                Family::default(),
            ),
        }
    }

    pub(crate) fn observe_call(&self, operation: Operation, outcome: CallOutcome, took: Duration) {
        let (operation, outcome) = (operation.as_str(), outcome.as_str());
        self.calls.get_or_create(&CallLabels { operation, outcome }).inc();
        let durations = self.durations.get_or_create(&OperationLabels { operation });
        durations.observe(took.as_secs_f64());
    }

    pub(crate) fn set_open_intents(&self, count: i64, oldest: Duration) {
        self.open_intents.set(count);
        self.oldest_open_intent_secs.set(oldest.as_secs_f64());
    }

    pub(crate) fn set_inconsistencies(&self, report: &ConsistencyReport) {
        for (kind, count) in report.counts() {
            self.inconsistencies.get_or_create(&KindLabels { kind }).set(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use kit::Runtime;

    use super::*;

    #[test]
    fn metrics_have_documented_names_and_labels() {
        let runtime = Runtime::for_tests().component("payment");
        let metrics = Metrics::register(runtime.metrics());
        let capture = Operation::Perform(Kind::Capture);
        metrics.observe_call(capture, CallOutcome::Unknown, Duration::from_secs(4));
        metrics.observe_call(Operation::LookUp, CallOutcome::Absent, Duration::ZERO);
        metrics.set_open_intents(2, Duration::from_millis(1500));
        metrics.set_inconsistencies(&ConsistencyReport {
            stale_intents: 3,
            ..ConsistencyReport::default()
        });
        let text = runtime.metrics().text();
        for line in [
            "payment_provider_calls_total{operation=\"capture\",outcome=\"unknown\"} 1",
            "payment_provider_calls_total{operation=\"look_up\",outcome=\"absent\"} 1",
            "payment_provider_call_duration_seconds_sum{operation=\"capture\"} 4.0",
            "payment_open_intents 2",
            "payment_oldest_open_intent_age_seconds 1.5",
            "payment_inconsistencies{kind=\"stale_intents\"} 3",
            "payment_inconsistencies{kind=\"provider_disagreements\"} 0",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }
}
