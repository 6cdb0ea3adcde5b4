//! What the service counts beyond its RPCs.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family},
};

use crate::{domain::cart::Change, error::Error, store::Changed};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    change: &'static str,
    outcome: &'static str,
}

/// The service's own metrics. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    changes: Family<Labels, Counter>,
}

impl Metrics {
    pub(crate) fn register(metrics: &kit::metrics::Metrics) -> Self {
        let changes =
            metrics.register("changes", "Changes asked of carts, by outcome", Family::default());
        Self { changes }
    }

    pub(crate) fn changed(&self, change: &Change, result: &Result<Changed, Error>) {
        let outcome = match result {
            Ok(Changed { changed: true, .. }) => "changed",
            Ok(Changed { changed: false, .. }) => "unchanged",
            Err(Error::Refused(_)) => "refused",
            Err(_) => return, // told by the metrics of Redis
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
    fn changes_are_counted_by_their_outcome() {
        let runtime = Runtime::for_tests().component("cart");
        let metrics = Metrics::register(runtime.metrics());
        let change = Change::Empty(None);
        for changed in [true, true, false] {
            metrics.changed(&change, &Ok(Changed { cart: Cart::default(), changed }));
        }
        metrics.changed(&change, &Err(Refusal::Full.into()));
        metrics.changed(&change, &Err(Error::NotFound("product")));
        let text = runtime.metrics().text();
        for (outcome, count) in [("changed", 2), ("unchanged", 1), ("refused", 1)] {
            let line = format!("{{change=\"empty\",outcome=\"{outcome}\"}} {count}\n");
            assert!(text.contains(&format!("cart_changes_total{line}")), "{text}");
        }
    }
}
