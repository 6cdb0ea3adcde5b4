//! The context of the reconciler.

use std::sync::Arc;

use kube::Client;
use storefront_desired::InstallationDefaults;

use crate::events::EventRecorder;
use crate::state::State;

/// The context of the reconciler: what every reconcile needs.
pub struct Operator {
    /// The client of the API server.
    pub client: Client,
    /// The index, the work queue and the metrics.
    pub state: Arc<State>,
    /// The settings of the installation that apply to every Storefront.
    pub defaults: InstallationDefaults,
    /// Publishes the events.
    pub recorder: EventRecorder,
}
