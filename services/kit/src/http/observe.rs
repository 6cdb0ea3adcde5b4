//! Observability, deadline and panic handling of every HTTP request.

use crate::Runtime;
use crate::context::{self, Context, REQUEST_ID_HEADER, RequestId};
use crate::metrics::{ComponentLabels, HttpLabels, RouteLabels};
use crate::origin::Origin;
use crate::problem::Problem;
use crate::telemetry::propagation;
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use std::any::Any;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tower_http::catch_panic::CatchPanicLayer;
use tracing::{Instrument as _, Span};

/// Settings of [`observe`].
#[derive(Clone, Debug)]
pub struct ObserveConfig {
    /// The component whose metrics and logs the requests appear in.
    pub runtime: Runtime,
    /// Longest time until the response head. [`catch_panics_and_timeouts`] responds when it has
    /// passed, and calls that are made for the request end with it.
    pub deadline: Duration,
}

/// Adds to every route, and to the fallback for unknown paths: the request id (accepted or
/// generated, returned in `X-Request-Id`), the trace, the [`crate::context`] with the deadline, the
/// log line, and the metrics by route template.
///
/// Apply it after all routes have been added, outside of everything that is to be logged and
/// measured.
pub fn observe(router: Router, config: ObserveConfig) -> Router {
    router.layer(middleware::from_fn_with_state(config, observe_request))
}

/// Adds to every route, and to the fallback: the deadline that [`observe`] set, after which the
/// response is 504 `deadline_exceeded`, and a panic handler that responds 500 `internal`.
///
/// Apply it inside of the layers that every response has to pass, such as CORS, and all of them
/// inside of [`observe`].
pub fn catch_panics_and_timeouts(router: Router) -> Router {
    // The panic hook has logged the panic.
    let on_panic = |_panic: Box<dyn Any + Send>| Problem::internal().into_response();
    router.layer(middleware::from_fn(enforce_deadline)).layer(CatchPanicLayer::custom(on_panic))
}

async fn observe_request(
    State(config): State<ObserveConfig>,
    request: Request,
    next: Next,
) -> Response {
    let ObserveConfig { runtime, deadline } = config;
    let deadline = Instant::now() + deadline;
    let request_id = RequestId::from_headers(request.headers(), &runtime.env);
    let in_flight = InFlightRequest::start(&runtime, &request);
    let span = span(&in_flight, &request_id);
    propagation::adopt_from_client(&span, request.headers(), runtime.samples_trace());

    let context = Context {
        request_id: request_id.clone(),
        deadline: Some(deadline),
        origin: Origin::default(),
    };
    let response = context::scope(context, next.run(request));
    let mut response = response.instrument(span.clone()).await;
    response.headers_mut().insert(REQUEST_ID_HEADER, request_id.header());
    span.in_scope(|| in_flight.complete(response.status()));
    response
}

async fn enforce_deadline(request: Request, next: Next) -> Response {
    let response = next.run(request);
    let Some(deadline) = context::deadline() else { return response.await };
    match timeout_at(deadline, response).await {
        Ok(response) => response,
        Err(_elapsed) => Problem::deadline_exceeded().into_response(),
    }
}

/// The span has level ERROR, so that no log filter removes the request's fields from its lines.
fn span(request: &InFlightRequest, request_id: &RequestId) -> Span {
    tracing::error_span!(
        "request",
        component = request.component,
        method = request.method,
        route = request.route,
        request.id = %request_id,
        trace.id = tracing::field::Empty,
        otel.name = format!("{} {}", request.method, request.route),
        otel.kind = "server",
    )
}

/// A request in flight. It is counted while it exists, and its outcome is recorded once, also when
/// the client disconnects.
struct InFlightRequest {
    runtime: Runtime,
    component: &'static str,
    method: &'static str,
    route: String,
    started: Instant,
    recorded: bool,
}

/// The status that proxies log when the client disconnected before the response. It is never sent.
const CLIENT_CLOSED_REQUEST: u16 = 499;

impl InFlightRequest {
    fn start(runtime: &Runtime, request: &Request) -> Self {
        let component = runtime.name();
        runtime.families().http_in_flight.get_or_create(&ComponentLabels { component }).inc();
        Self {
            runtime: runtime.clone(),
            component,
            method: method(request.method()),
            route: route(request),
            started: Instant::now(),
            recorded: false,
        }
    }

    fn complete(mut self, status: StatusCode) {
        self.record(status.as_u16());
    }

    fn record(&mut self, status: u16) {
        self.recorded = true;
        let latency = self.started.elapsed();
        let (component, method) = (self.component, self.method);
        let families = self.runtime.families();
        families.http_in_flight.get_or_create(&ComponentLabels { component }).dec();
        let labels = RouteLabels { component, method, route: self.route.clone() };
        families.http_durations.get_or_create(&labels).observe(latency.as_secs_f64());
        let labels = HttpLabels { component, method, route: self.route.clone(), status };
        families.http_requests.get_or_create(&labels).inc();

        let latency_ms = latency.as_micros() as f64 / 1000.0;
        match status {
            500 => tracing::error!(status, latency_ms, "request completed"),
            501.. => tracing::warn!(status, latency_ms, "request completed"),
            _ => tracing::info!(status, latency_ms, "request completed"),
        }
    }
}

impl Drop for InFlightRequest {
    fn drop(&mut self) {
        if !self.recorded {
            self.record(CLIENT_CLOSED_REQUEST);
        }
    }
}

/// The route's template. Paths without a route share one name, because clients can invent any.
fn route(request: &Request) -> String {
    let matched = request.extensions().get::<MatchedPath>();
    matched.map_or("unmatched", MatchedPath::as_str).to_owned()
}

/// The name of a standard method. Others share one name, because clients can invent any.
fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
