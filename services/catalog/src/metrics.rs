//! Metrics of the catalog beyond those of its RPCs.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use crate::domain::reservation::{Ending, Reservation, State};
use crate::error::Error;

/// The outcome of a request about a reservation.
#[derive(Clone, Copy)]
enum Outcome {
    /// Stock was reserved, by this request or by an identical earlier one.
    Held,
    /// Stock was insufficient.
    Short,
    /// Units were sold.
    Committed,
    /// Units were released.
    Released,
    /// Sold or reserved units were returned to stock.
    Restocked,
    /// The reservation expired, and the sweeper released its units.
    Expired,
    /// The state of the reservation did not allow the request.
    Refused,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    outcome: &'static str,
}

impl Outcome {
    fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Short => "short",
            Self::Committed => "committed",
            Self::Released => "released",
            Self::Restocked => "restocked",
            Self::Expired => "expired",
            Self::Refused => "refused",
        }
    }
}

/// The catalog's own metrics. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    reservations: Family<Labels, Counter>,
}

impl Metrics {
    pub(crate) fn register(metrics: &kit::metrics::Metrics) -> Self {
        let reservations = metrics.register(
            "reservations",
            "Requests about reservations and expiries, by outcome",
            Family::default(),
        );
        Self { reservations }
    }

    pub(crate) fn observe_reserve(&self, result: &Result<Reservation, Error>) {
        match result {
            Ok(reservation) if reservation.state == State::Refused => self.count(Outcome::Short),
            Ok(_) => self.count(Outcome::Held),
            Err(Error::Reservation(_)) => self.count(Outcome::Refused),
            Err(_) => {} // counted by the metrics of the RPC
        }
    }

    pub(crate) fn observe_ending(&self, ending: Ending, result: &Result<(), Error>) {
        match (result, ending) {
            (Ok(()), Ending::Commit) => self.count(Outcome::Committed),
            (Ok(()), Ending::Release) => self.count(Outcome::Released),
            (Ok(()), Ending::Restock) => self.count(Outcome::Restocked),
            (Ok(()), Ending::Expire) => self.count(Outcome::Expired),
            (Err(Error::Reservation(_)), _) => self.count(Outcome::Refused),
            (Err(_), _) => {}
        }
    }

    fn count(&self, outcome: Outcome) {
        self.reservations.get_or_create(&Labels { outcome: outcome.as_str() }).inc();
    }
}

#[cfg(test)]
mod tests {
    use kit::Runtime;

    use super::*;
    use crate::domain::reservation::Refusal;

    #[test]
    fn reservation_outcomes_are_counted_by_label() {
        let runtime = Runtime::for_tests().component("catalog");
        let metrics = Metrics::register(runtime.metrics());
        metrics.observe_ending(Ending::Commit, &Ok(()));
        metrics.observe_ending(Ending::Commit, &Ok(()));
        metrics.observe_ending(Ending::Release, &Err(Refusal::Committed.into()));
        metrics.observe_ending(Ending::Release, &Err(Error::NotFound("reservation")));
        let text = runtime.metrics().text();
        for line in [
            "catalog_reservations_total{outcome=\"committed\"} 2",
            "catalog_reservations_total{outcome=\"refused\"} 1",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }
}
