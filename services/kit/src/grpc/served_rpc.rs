//! One RPC in progress on the server: its span, its request context, its metrics and its log line.

use super::code_name;
use super::methods::{Method, ResponseKind};
use crate::Runtime;
use crate::context::{Context, RequestId};
use crate::metrics::{ComponentLabels, RpcLabels, ServedLabels};
use crate::origin::Origin;
use crate::telemetry::propagation;
use http::HeaderMap;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};
use tracing::Span;

/// An RPC in progress. Its outcome is recorded exactly once, whether a handler responds, the
/// server ends it, or the caller cancels it.
pub(super) struct ServedRpc {
    pub(super) span: Span,
    pub(super) context: Context,
    /// For a streaming RPC: cancelled when the stream must end.
    pub(super) closing: Option<CancellationToken>,
    runtime: Runtime,
    name: String,
    started: Instant,
    recorded: bool,
}

impl ServedRpc {
    /// Starts the span, the deadline and the in-flight metric of a request.
    pub(super) fn start(
        runtime: &Runtime,
        method: Method,
        timeout: Option<Duration>,
        closing: CancellationToken,
        headers: &HeaderMap,
    ) -> Self {
        let started = Instant::now();
        let request_id = RequestId::from_headers(headers, &runtime.env);
        let span = span(runtime, &method.name, &request_id);
        propagation::adopt(&span, headers);

        let component = runtime.name();
        let families = runtime.families();
        families.grpc_in_flight.get_or_create(&ComponentLabels { component }).inc();
        // A timeout that overflows the clock is no deadline.
        let deadline = timeout.and_then(|timeout| started.checked_add(timeout));
        Self {
            span,
            context: Context { request_id, deadline, origin: Origin::from_headers(headers) },
            closing: (method.response == ResponseKind::Stream).then_some(closing),
            runtime: runtime.clone(),
            name: method.name,
            started,
            recorded: false,
        }
    }

    /// Whether the response is a stream.
    pub(super) fn is_stream(&self) -> bool {
        self.closing.is_some()
    }

    /// Records the outcome in the metrics and in one log line. Later calls do nothing.
    pub(super) fn record(&mut self, code: Code) {
        if std::mem::replace(&mut self.recorded, true) {
            return;
        }
        let latency = self.started.elapsed();
        let component = self.runtime.name();
        let families = self.runtime.families();
        families.grpc_in_flight.get_or_create(&ComponentLabels { component }).dec();
        let labels = RpcLabels { component, rpc: self.name.clone() };
        families.grpc_durations.get_or_create(&labels).observe(latency.as_secs_f64());
        let name = code_name(code);
        let labels = ServedLabels { component, rpc: self.name.clone(), code: name };
        families.grpc_requests.get_or_create(&labels).inc();

        let latency_ms = latency.as_micros() as f64 / 1000.0;
        let _entered = self.span.enter();
        match code {
            Code::Internal | Code::Unknown | Code::DataLoss => {
                tracing::error!(status = name, latency_ms, "RPC completed");
            }
            Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted => {
                tracing::warn!(status = name, latency_ms, "RPC completed");
            }
            // Health probes call every few seconds.
            _ if self.name.starts_with("grpc.") => {
                tracing::debug!(status = name, latency_ms, "RPC completed");
            }
            _ => tracing::info!(status = name, latency_ms, "RPC completed"),
        }
    }
}

impl Drop for ServedRpc {
    fn drop(&mut self) {
        self.record(Code::Cancelled);
    }
}

/// The status of an RPC whose deadline has passed.
pub(super) fn deadline_exceeded() -> Status {
    Status::deadline_exceeded("the deadline of the RPC has passed")
}

/// The span has level ERROR, so that no log filter removes the request's fields from its lines.
fn span(runtime: &Runtime, rpc: &str, request_id: &RequestId) -> Span {
    tracing::error_span!(
        "rpc",
        component = runtime.name(),
        rpc,
        request.id = %request_id,
        trace.id = tracing::field::Empty,
        otel.name = rpc,
        otel.kind = "server",
    )
}
