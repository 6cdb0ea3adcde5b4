//! Metrics of the notification service, in addition to those of its RPCs.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

/// The outcome of a mail or of a delivery attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The mail server accepted the mail.
    Sent,
    /// The attempt failed and will be retried.
    Deferred,
    /// The mail failed: rejected, or attempts exhausted.
    Failed,
    /// The mail failed: it expired before it was delivered.
    Expired,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    kind: String,
    outcome: &'static str,
}

impl Outcome {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Deferred => "deferred",
            Self::Failed => "failed",
            Self::Expired => "expired",
        }
    }
}

/// The metrics of the notification service. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    mails: Family<Labels, Counter>,
    queued: Gauge,
    oldest_seconds: Gauge,
}

impl Metrics {
    pub(crate) fn register(metrics: &kit::metrics::Metrics) -> Self {
        let mails = metrics.register(
            "mails",
            "Mails by kind and outcome; a deferred one is counted at each attempt",
            Family::default(),
        );
        let queued = metrics.register(
            "queued_mails",
            "Mails in the queue of the database, which all replicas share",
            Gauge::default(),
        );
        let oldest_seconds = metrics.register(
            "oldest_queued_mail_age_seconds",
            "Age of the oldest mail in the queue; 0 if the queue is empty",
            Gauge::default(),
        );
        Self { mails, queued, oldest_seconds }
    }

    /// Counts an outcome. `kind` is one of the kinds in the database, so its cardinality is low.
    pub(crate) fn record_outcome(&self, kind: &str, outcome: Outcome) {
        let labels = Labels { kind: kind.to_owned(), outcome: outcome.as_str() };
        self.mails.get_or_create(&labels).inc();
    }

    pub(crate) fn set_queue(&self, queued: i64, oldest_seconds: i64) {
        self.queued.set(queued);
        self.oldest_seconds.set(oldest_seconds);
    }
}

#[cfg(test)]
mod tests {
    use kit::Runtime;

    use super::*;

    #[test]
    fn mails_are_counted_by_kind_and_outcome() {
        let runtime = Runtime::for_tests().component("notification");
        let metrics = Metrics::register(runtime.metrics());
        metrics.record_outcome("welcome", Outcome::Sent);
        metrics.record_outcome("welcome", Outcome::Sent);
        metrics.record_outcome("refund_issued", Outcome::Deferred);
        metrics.set_queue(7, 90);
        let text = runtime.metrics().text();
        for line in [
            "notification_mails_total{kind=\"welcome\",outcome=\"sent\"} 2",
            "notification_mails_total{kind=\"refund_issued\",outcome=\"deferred\"} 1",
            "notification_queued_mails 7",
            "notification_oldest_queued_mail_age_seconds 90",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }
}
