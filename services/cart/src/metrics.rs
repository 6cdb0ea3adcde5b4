//! Metrics of the cart service beyond those of its RPCs.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use crate::domain::cart::Change;
use crate::error::Error;
use crate::store::ChangeResult;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    change: &'static str,
    outcome: &'static str,
}

/// Metrics of the cart service. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    changes: Family<Labels, Counter>,
}

impl Metrics {
    pub(crate) fn register(metrics: &kit::metrics::Metrics) -> Self {
        let changes = metrics.register(
            "changes",
            "Requested changes of carts, by change and outcome",
            Family::default(),
        );
        Self { changes }
    }

    pub(crate) fn observe_change(&self, change: &Change, result: &Result<ChangeResult, Error>) {
        let outcome = match result {
            Ok(ChangeResult { changed: true, .. }) => "changed",
            Ok(ChangeResult { changed: false, .. }) => "unchanged",
            Err(Error::Refused(_)) => "refused",
            Err(Error::RedisNearlyFull) => "redis_nearly_full",
            // Counted by the metrics of Redis.
            Err(_) => return,
        };
        self.changes.get_or_create(&Labels { change: change.name(), outcome }).inc();
    }
}

#[cfg(test)]
mod tests {
    use kit::Runtime;

    use super::*;
    use crate::domain::cart::{Cart, Refusal};

    #[test]
    fn changes_are_counted_by_outcome() {
        let runtime = Runtime::for_tests().component("cart");
        let metrics = Metrics::register(runtime.metrics());
        let change = Change::Clear(None);
        let result =
            |changed| ChangeResult { cart: Cart::default(), changed, not_merged: Vec::new() };
        for changed in [true, true, false] {
            metrics.observe_change(&change, &Ok(result(changed)));
        }
        metrics.observe_change(&change, &Err(Refusal::CartFull.into()));
        metrics.observe_change(&change, &Err(Error::RedisNearlyFull));
        metrics.observe_change(&change, &Err(Error::NotFound("product")));
        let text = runtime.metrics().text();
        for (outcome, count) in
            [("changed", 2), ("unchanged", 1), ("refused", 1), ("redis_nearly_full", 1)]
        {
            let line = format!("{{change=\"empty\",outcome=\"{outcome}\"}} {count}\n");
            assert!(text.contains(&format!("cart_changes_total{line}")), "{text}");
        }
    }
}
