//! What the service counts beyond its RPCs.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge},
};

/// What became of a mail, or of an attempt to deliver it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The mail server took it.
    Sent,
    /// The attempt failed, and there will be another.
    Deferred,
    /// It failed: refused, or tried too often.
    Failed,
    /// It failed: it ran out of time.
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

/// The service's own metrics. Cheap to clone.
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
            "Mails that wait in the database, for whichever replica",
            Gauge::default(),
        );
        let oldest_seconds = metrics.register(
            "oldest_queued_mail_age_seconds",
            "Time since the oldest mail that waits was asked for; 0 when none does",
            Gauge::default(),
        );
        Self { mails, queued, oldest_seconds }
    }

    /// `kind` is one of the database's, of which there are few.
    pub(crate) fn count(&self, kind: &str, outcome: Outcome) {
        let labels = Labels { kind: kind.to_owned(), outcome: outcome.as_str() };
        self.mails.get_or_create(&labels).inc();
    }

    pub(crate) fn depth(&self, queued: i64, oldest_seconds: i64) {
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
        metrics.count("welcome", Outcome::Sent);
        metrics.count("welcome", Outcome::Sent);
        metrics.count("refund_issued", Outcome::Deferred);
        metrics.depth(7, 90);
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
