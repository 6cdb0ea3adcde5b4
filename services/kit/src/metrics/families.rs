//! The metric families of every component: rate, errors and duration of served and made calls.

use crate::postgres::Pools;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Histogram buckets in seconds, from a cached read to the longest deadline.
const DURATION_BUCKETS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

type Durations<L> = Family<L, Histogram, fn() -> Histogram>;

/// The metric families, registered once per process.
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

/// Labels of a component.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ComponentLabels {
    pub(crate) component: &'static str,
}

/// Labels of an RPC that a component serves.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RpcLabels {
    pub(crate) component: &'static str,
    pub(crate) rpc: String,
}

/// Labels of a served RPC with its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ServedLabels {
    pub(crate) component: &'static str,
    pub(crate) rpc: String,
    pub(crate) code: &'static str,
}

/// Labels of a target that a component calls.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct TargetLabels {
    pub(crate) component: &'static str,
    pub(crate) target: &'static str,
}

/// Labels of an RPC that a component calls.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ClientLabels {
    pub(crate) component: &'static str,
    pub(crate) target: &'static str,
    pub(crate) rpc: String,
}

/// Labels of a call with its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct CallLabels {
    pub(crate) component: &'static str,
    pub(crate) target: &'static str,
    pub(crate) rpc: String,
    pub(crate) code: &'static str,
}

/// Labels of a route that a component serves: its template (`/products/{id}`), never the path.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct RouteLabels {
    pub(crate) component: &'static str,
    pub(crate) method: &'static str,
    pub(crate) route: String,
}

/// Labels of a served HTTP request with its outcome.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct HttpLabels {
    pub(crate) component: &'static str,
    pub(crate) method: &'static str,
    pub(crate) route: String,
    pub(crate) status: u16,
}

/// Labels of a Redis command with its outcome.
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
            "Time from the request to the end of the response",
            self.grpc_durations.clone(),
        );
        registry.register("grpc_server_in_flight", "RPCs in flight", self.grpc_in_flight.clone());
        registry.register(
            "grpc_client_requests",
            "RPCs called, by final outcome",
            self.client_requests.clone(),
        );
        registry.register(
            "grpc_client_duration_seconds",
            "Duration of a call, including retries",
            self.client_durations.clone(),
        );
        registry.register(
            "grpc_client_retries",
            "Calls that were retried",
            self.client_retries.clone(),
        );
        registry.register(
            "grpc_client_endpoints",
            "Addresses that a target resolves to",
            self.client_endpoints.clone(),
        );
    }

    /// Registers the TLS families, which have no series without TLS.
    fn register_tls(&self, registry: &mut Registry) {
        registry.register(
            "grpc_tls_certificate_expiration_timestamp_seconds",
            "Expiration time of the certificate in use",
            self.tls_expiration.clone(),
        );
        registry.register(
            "grpc_tls_reload_failures",
            "Reloads that failed because a certificate file is invalid",
            self.tls_reload_failures.clone(),
        );
        registry.register(
            "grpc_server_handshake_failures",
            "Connections rejected because of a failed TLS handshake",
            self.tls_handshake_failures.clone(),
        );
    }

    fn register_others(&self, registry: &mut Registry) {
        registry.register("http_server_requests", "HTTP requests served", {
            self.http_requests.clone()
        });
        registry.register(
            "http_server_duration_seconds",
            "Time from the request to the response head",
            self.http_durations.clone(),
        );
        registry.register(
            "http_server_in_flight",
            "HTTP requests in flight",
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
