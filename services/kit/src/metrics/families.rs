//! The families that every component has: rate, errors and duration of what it serves and calls.

use crate::postgres::Pools;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// From a cached read to the longest deadline, in seconds.
const DURATION_BUCKETS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

type Durations<L> = Family<L, Histogram, fn() -> Histogram>;

/// All of them, registered once per process.
pub(crate) struct Families {
    pub(crate) grpc_requests: Family<ServedLabels, Counter>,
    pub(crate) grpc_durations: Durations<RpcLabels>,
    pub(crate) grpc_in_flight: Family<ComponentLabels, Gauge>,
    pub(crate) client_requests: Family<CallLabels, Counter>,
    pub(crate) client_durations: Durations<ClientLabels>,
    pub(crate) client_retries: Family<ClientLabels, Counter>,
    pub(crate) client_endpoints: Family<TargetLabels, Gauge>,
    pub(crate) http_requests: Family<HttpLabels, Counter>,
    pub(crate) http_durations: Durations<RouteLabels>,
    pub(crate) http_in_flight: Family<ComponentLabels, Gauge>,
    pub(crate) redis_commands: Family<RedisLabels, Counter>,
    pub(crate) tls_expiration: Family<ComponentLabels, Gauge>,
    pub(crate) tls_reload_failures: Family<ComponentLabels, Counter>,
    pub(crate) tls_handshake_failures: Family<ComponentLabels, Counter>,
    pub(crate) pools: Pools,
}

/// Which component.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ComponentLabels {
    pub(crate) component: &'static str,
}

/// Which RPC a component serves.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RpcLabels {
    pub(crate) component: &'static str,
    pub(crate) rpc: String,
}

/// How a served RPC ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ServedLabels {
    pub(crate) component: &'static str,
    pub(crate) rpc: String,
    pub(crate) code: &'static str,
}

/// Whom a component calls.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct TargetLabels {
    pub(crate) component: &'static str,
    pub(crate) target: &'static str,
}

/// Which RPC of whom a component calls.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ClientLabels {
    pub(crate) component: &'static str,
    pub(crate) target: &'static str,
    pub(crate) rpc: String,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct CallLabels {
    pub(crate) component: &'static str,
    pub(crate) target: &'static str,
    pub(crate) rpc: String,
    pub(crate) code: &'static str,
}

/// Which route a component serves: the template (`/products/{id}`), never the path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RouteLabels {
    pub(crate) component: &'static str,
    pub(crate) method: &'static str,
    pub(crate) route: String,
}

/// How a served HTTP request ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct HttpLabels {
    pub(crate) component: &'static str,
    pub(crate) method: &'static str,
    pub(crate) route: String,
    pub(crate) status: u16,
}

/// How a Redis command ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RedisLabels {
    pub(crate) component: &'static str,
    pub(crate) command: &'static str,
    pub(crate) outcome: &'static str,
}

impl Families {
    pub(crate) fn register(registry: &mut Registry) -> Self {
        let families = Self {
            grpc_requests: Family::default(),
            grpc_durations: Family::new_with_constructor(durations),
            grpc_in_flight: Family::default(),
            client_requests: Family::default(),
            client_durations: Family::new_with_constructor(durations),
            client_retries: Family::default(),
            client_endpoints: Family::default(),
            http_requests: Family::default(),
            http_durations: Family::new_with_constructor(durations),
            http_in_flight: Family::default(),
            redis_commands: Family::default(),
            tls_expiration: Family::default(),
            tls_reload_failures: Family::default(),
            tls_handshake_failures: Family::default(),
            pools: Pools::default(),
        };
        families.register_grpc(registry);
        families.register_tls(registry);
        families.register_others(registry);
        families
    }

    fn register_grpc(&self, registry: &mut Registry) {
        registry.register("grpc_server_requests", "RPCs served", self.grpc_requests.clone());
        registry.register(
            "grpc_server_duration_seconds",
            "Time from the request to the end of the answer",
            self.grpc_durations.clone(),
        );
        registry.register(
            "grpc_server_in_flight",
            "RPCs being served now",
            self.grpc_in_flight.clone(),
        );
        registry.register(
            "grpc_client_requests",
            "RPCs called, by their final outcome",
            self.client_requests.clone(),
        );
        registry.register(
            "grpc_client_duration_seconds",
            "Time that a call took, retries included",
            self.client_durations.clone(),
        );
        registry.register(
            "grpc_client_retries",
            "Calls that were tried a second time",
            self.client_retries.clone(),
        );
        registry.register(
            "grpc_client_endpoints",
            "Addresses that a target resolves to now",
            self.client_endpoints.clone(),
        );
    }

    /// Of these there are none while TLS is off.
    fn register_tls(&self, registry: &mut Registry) {
        registry.register(
            "grpc_tls_certificate_expiration_timestamp_seconds",
            "When the certificate in use expires",
            self.tls_expiration.clone(),
        );
        registry.register(
            "grpc_tls_reload_failures",
            "Replaced certificate files that could not be used",
            self.tls_reload_failures.clone(),
        );
        registry.register(
            "grpc_server_handshake_failures",
            "Connections refused because their TLS handshake failed",
            self.tls_handshake_failures.clone(),
        );
    }

    fn register_others(&self, registry: &mut Registry) {
        registry.register("http_server_requests", "HTTP requests served", {
            self.http_requests.clone()
        });
        registry.register(
            "http_server_duration_seconds",
            "Time from the request to the head of the answer",
            self.http_durations.clone(),
        );
        registry.register(
            "http_server_in_flight",
            "HTTP requests being served now",
            self.http_in_flight.clone(),
        );
        registry.register("redis_commands", "Redis commands, by outcome", {
            self.redis_commands.clone()
        });
        registry.register_collector(Box::new(self.pools.clone()));
    }
}

fn durations() -> Histogram {
    Histogram::new(DURATION_BUCKETS)
}
