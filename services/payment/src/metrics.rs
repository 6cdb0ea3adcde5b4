//! What the payment service counts beyond its RPCs.

use std::{sync::atomic::AtomicU64, time::Duration};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
};

use crate::{check::Report, domain::transaction::Kind};

/// A provider answers in tens of milliseconds, or is cut after four seconds.
const BUCKETS: [f64; 9] = [0.005, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0];

/// What a provider is asked.
#[derive(Clone, Copy)]
pub(crate) enum Operation {
    /// To move money.
    Perform(Kind),
    /// What came of a key.
    LookUp,
    /// To take a card into its keeping.
    Tokenise,
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
            Self::Tokenise => "tokenise",
        }
    }
}

/// How a call ended.
#[derive(Clone, Copy)]
pub(crate) enum CallOutcome {
    /// It did what it was asked, or knows what came of it.
    Done,
    /// It declined.
    Declined,
    /// It knows nothing of the key.
    Absent,
    /// No answer.
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

/// The service's own metrics. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    calls: Family<CallLabels, Counter>,
    durations: Durations,
    open: Gauge,
    oldest_open_secs: Gauge<f64, AtomicU64>,
    inconsistencies: Family<KindLabels, Gauge>,
}

impl Metrics {
    pub(crate) fn register(metrics: &kit::metrics::Metrics) -> Self {
        let durations: Durations = Family::new_with_constructor(|| Histogram::new(BUCKETS));
        Self {
            calls: metrics.register(
                "provider_calls",
                "Calls of the provider, by operation and outcome",
                Family::default(),
            ),
            durations: metrics.register(
                "provider_call_duration_seconds",
                "Time for an answer of the provider",
                durations,
            ),
            open: metrics.register(
                "open_intents",
                "Movements of money whose outcome is not known",
                Gauge::default(),
            ),
            oldest_open_secs: metrics.register(
                "oldest_open_intent_age_seconds",
                "Age of the oldest movement whose outcome is not known",
                Gauge::default(),
            ),
            inconsistencies: metrics.register(
                "inconsistencies",
                "Transactions that do not add up, by what is wrong with them: always 0",
                Family::default(),
            ),
        }
    }

    pub(crate) fn called(&self, operation: Operation, outcome: CallOutcome, took: Duration) {
        let (operation, outcome) = (operation.as_str(), outcome.as_str());
        self.calls.get_or_create(&CallLabels { operation, outcome }).inc();
        let durations = self.durations.get_or_create(&OperationLabels { operation });
        durations.observe(took.as_secs_f64());
    }

    pub(crate) fn open(&self, count: i64, oldest: Duration) {
        self.open.set(count);
        self.oldest_open_secs.set(oldest.as_secs_f64());
    }

    pub(crate) fn checked(&self, report: &Report) {
        for (kind, count) in report.faults() {
            self.inconsistencies.get_or_create(&KindLabels { kind }).set(count);
        }
    }
}

#[cfg(test)]
mod tests {
    use kit::Runtime;

    use super::*;

    #[test]
    fn calls_and_open_intents_are_told_by_name() {
        let runtime = Runtime::for_tests().component("payment");
        let metrics = Metrics::register(runtime.metrics());
        let capture = Operation::Perform(Kind::Capture);
        metrics.called(capture, CallOutcome::Unknown, Duration::from_secs(4));
        metrics.called(Operation::LookUp, CallOutcome::Absent, Duration::ZERO);
        metrics.open(2, Duration::from_millis(1500));
        metrics.checked(&Report { stale_intents: 3, ..Report::default() });
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
