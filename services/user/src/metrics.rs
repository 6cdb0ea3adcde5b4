//! Metrics of the user service, in addition to those of its RPCs.

use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;

use crate::domain::session::TokenUse;
use crate::error::Error;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    outcome: &'static str,
}

/// The metrics of the user service. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    sign_ins: Family<Labels, Counter>,
    refreshes: Family<Labels, Counter>,
    mails: Family<Labels, Counter>,
    outbox_depth: Gauge,
    outbox_age_seconds: Gauge,
}

impl Metrics {
    pub(crate) fn register(metrics: &kit::metrics::Metrics) -> Self {
        let family = |name, help| metrics.register(name, help, Family::default());
        let gauge = |name, help| metrics.register(name, help, Gauge::default());
        Self {
            sign_ins: family("sign_ins", "Sign-in attempts, by outcome"),
            refreshes: family("refreshes", "Uses of refresh tokens, by outcome"),
            mails: family("mails", "Mails sent to the notification service, by outcome"),
            outbox_depth: gauge("outbox_depth", "Number of mails in the outbox"),
            outbox_age_seconds: gauge("outbox_age_seconds", "Age of the oldest mail in the outbox"),
        }
    }

    pub(crate) fn record_sign_in<T>(&self, result: &Result<T, Error>) {
        let outcome = match result {
            Ok(_) => "ok",
            Err(Error::InvalidCredentials) => "invalid",
            Err(Error::AccountDisabled) => "disabled",
            Err(Error::TooManyAttempts(_)) => "throttled",
            Err(Error::Busy) => "busy",
            Err(Error::Crowded) => "crowded",
            Err(_) => "failed",
        };
        self.sign_ins.get_or_create(&Labels { outcome }).inc();
    }

    /// Counts a use of a refresh token; `None` if the token is unknown.
    pub(crate) fn record_refresh(&self, token: Option<TokenUse>) {
        let outcome = match token {
            Some(TokenUse::First) => "rotated",
            Some(TokenUse::WithinGrace) => "within_grace",
            Some(TokenUse::Reuse) => "reused",
            Some(TokenUse::Expired) => "expired",
            Some(TokenUse::SessionTooOld) => "session_too_old",
            None => "unknown",
        };
        self.refreshes.get_or_create(&Labels { outcome }).inc();
    }

    pub(crate) fn record_delivery(&self, outcome: &'static str) {
        self.mails.get_or_create(&Labels { outcome }).inc();
    }

    pub(crate) fn set_outbox(&self, depth: i64, oldest: Option<Timestamp>, now: Timestamp) {
        let age = oldest.map_or(0, |oldest| now.duration_since(oldest).as_secs().max(0));
        self.outbox_depth.set(depth);
        self.outbox_age_seconds.set(age);
    }
}

#[cfg(test)]
mod tests {
    use kit::Runtime;

    use super::*;

    #[test]
    fn outcomes_are_counted_by_label() {
        let runtime = Runtime::for_tests().component("user");
        let metrics = Metrics::register(runtime.metrics());
        metrics.record_sign_in(&Ok(()));
        metrics.record_sign_in::<()>(&Err(Error::InvalidCredentials));
        metrics.record_refresh(Some(TokenUse::Reuse));
        metrics.record_delivery("sent");
        let minute = Timestamp::from_second(60).unwrap();
        metrics.set_outbox(3, Some(Timestamp::UNIX_EPOCH), minute);
        let text = runtime.metrics().text();
        for line in [
            "user_sign_ins_total{outcome=\"ok\"} 1",
            "user_sign_ins_total{outcome=\"invalid\"} 1",
            "user_refreshes_total{outcome=\"reused\"} 1",
            "user_mails_total{outcome=\"sent\"} 1",
            "user_outbox_depth 3",
            "user_outbox_age_seconds 60",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }
}
