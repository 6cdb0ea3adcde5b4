//! Metrics of the shipping service beyond those of its RPCs.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use crate::domain::status::Status;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    status: &'static str,
}

/// Metrics of the shipping service. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    shipments: Family<Labels, Counter>,
}

impl Metrics {
    pub(crate) fn register(metrics: &kit::metrics::Metrics) -> Self {
        let shipments = metrics.register(
            "shipments",
            "Shipments that reached a status, by status",
            Family::default(),
        );
        Self { shipments }
    }

    /// Counts a shipment that reached a status. A repeated status is not counted again.
    pub(crate) fn count_status(&self, status: Status) {
        self.shipments.get_or_create(&Labels { status: status.as_str() }).inc();
    }
}

#[cfg(test)]
mod tests {
    use kit::Runtime;

    use super::*;

    #[test]
    fn shipments_are_counted_by_status() {
        let runtime = Runtime::for_tests().component("shipping");
        let metrics = Metrics::register(runtime.metrics());
        for status in [Status::PickedUp, Status::PickedUp, Status::Failed] {
            metrics.count_status(status);
        }
        let text = runtime.metrics().text();
        for line in [
            "shipping_shipments_total{status=\"picked_up\"} 2",
            "shipping_shipments_total{status=\"failed\"} 1",
        ] {
            assert!(text.contains(line), "{text}");
        }
    }
}
