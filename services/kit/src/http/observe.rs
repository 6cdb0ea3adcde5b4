//! What surrounds every HTTP request.

use crate::Runtime;
use crate::context::{self, Context, REQUEST_ID_HEADER, RequestId};
use crate::metrics::{ComponentLabels, HttpLabels, RouteLabels};
use crate::problem::Problem;
use crate::telemetry::propagation;
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use futures::FutureExt as _;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument as _, Span};

/// How requests are watched.
#[derive(Clone, Debug)]
pub struct ObserveConfig {
    /// Whose metrics and logs they appear in.
    pub runtime: Runtime,
    /// Longest time to the head of an answer. Calls that are made for the request end with it, and
    /// [`catch_panics_and_timeouts`] answers then.
    pub deadline: Duration,
}

/// Puts around every route, and around the fallback for unknown paths: the request id (taken or
/// made, returned in `X-Request-Id`), the trace, the [`crate::context`] with the deadline, the log
/// line, and the metrics by route template.
///
/// Apply it when all routes are there, outside of what shall be logged and measured.
pub fn observe(router: Router, observe: ObserveConfig) -> Router {
    router.layer(middleware::from_fn_with_state(observe, around))
}

/// Puts around every route, and around the fallback: the deadline that [`observe`] set, after which
/// the answer is 504 `deadline_exceeded`, and a net that turns panics into 500 `internal`.
///
/// Apply it inside of the layers that every answer has to pass, such as CORS, and all of them
/// inside of [`observe`].
pub fn catch_panics_and_timeouts(router: Router) -> Router {
    router.layer(middleware::from_fn(within_deadline))
}

async fn around(State(observe): State<ObserveConfig>, request: Request, next: Next) -> Response {
    let ObserveConfig { runtime, deadline } = observe;
    let deadline = Instant::now() + deadline;
    let request_id = RequestId::from_headers(request.headers(), &runtime.env);
    let served = Served::begin(&runtime, &request);
    let span = span(&served, &request_id);
    propagation::adopt(&span, request.headers());

    let context = Context { request_id: request_id.clone(), deadline: Some(deadline) };
    let answer = context::scope(context, next.run(request));
    let mut response = answer.instrument(span.clone()).await;
    response.headers_mut().insert(REQUEST_ID_HEADER, request_id.header());
    span.in_scope(|| served.end(response.status()));
    response
}

async fn within_deadline(request: Request, next: Next) -> Response {
    let answer = AssertUnwindSafe(next.run(request)).catch_unwind();
    let answer = match context::deadline() {
        Some(deadline) => timeout_at(deadline, answer).await,
        None => Ok(answer.await),
    };
    match answer {
        Ok(Ok(response)) => response,
        // The panic hook has logged it.
        Ok(Err(_panic)) => Problem::internal().into_response(),
        Err(_elapsed) => Problem::deadline_exceeded().into_response(),
    }
}

/// At the level of errors, so that no log filter takes the request's fields from its lines.
fn span(served: &Served, request_id: &RequestId) -> Span {
    tracing::error_span!(
        "request",
        component = served.component,
        method = served.method,
        route = served.route,
        request.id = %request_id,
        trace.id = tracing::field::Empty,
        otel.name = format!("{} {}", served.method, served.route),
        otel.kind = "server",
    )
}

/// A request in progress: counted while it lives, told of when it ends, also when the client leaves.
struct Served {
    runtime: Runtime,
    component: &'static str,
    method: &'static str,
    route: String,
    began: Instant,
    ended: bool,
}

/// What proxies write when the client left before the answer (it never reaches anybody).
const CLIENT_LEFT: u16 = 499;

impl Served {
    fn begin(runtime: &Runtime, request: &Request) -> Self {
        let component = runtime.name();
        runtime.families().http_in_flight.get_or_create(&ComponentLabels { component }).inc();
        Self {
            runtime: runtime.clone(),
            component,
            method: method(request.method()),
            route: route(request),
            began: Instant::now(),
            ended: false,
        }
    }

    fn end(mut self, status: StatusCode) {
        self.finish(status.as_u16());
    }

    fn finish(&mut self, status: u16) {
        self.ended = true;
        let latency = self.began.elapsed();
        let (component, method) = (self.component, self.method);
        let families = self.runtime.families();
        families.http_in_flight.get_or_create(&ComponentLabels { component }).dec();
        let labels = RouteLabels { component, method, route: self.route.clone() };
        families.http_durations.get_or_create(&labels).observe(latency.as_secs_f64());
        let labels = HttpLabels { component, method, route: self.route.clone(), status };
        families.http_requests.get_or_create(&labels).inc();

        let latency_ms = latency.as_micros() as f64 / 1000.0;
        match status {
            500 => tracing::error!(status, latency_ms, "request"),
            501.. => tracing::warn!(status, latency_ms, "request"),
            _ => tracing::info!(status, latency_ms, "request"),
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if !self.ended {
            self.finish(CLIENT_LEFT);
        }
    }
}

/// The route's template; paths of no route share one name, for anybody can invent them.
fn route(request: &Request) -> String {
    let matched = request.extensions().get::<MatchedPath>();
    matched.map_or("unmatched", MatchedPath::as_str).to_owned()
}

/// The methods there are; others share one name, for anybody can invent them.
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
