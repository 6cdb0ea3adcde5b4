//! Circuit breaker in front of each service.
//!
//! While the circuit breaker of a service is open, its calls fail immediately with UNAVAILABLE.
//! Routes that need the service respond at once, and the gateway's capacity for concurrent requests
//! stays available to the routes of the other services.

mod state;

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{Request, Response};
use kit::grpc::client::Channel;
use kit::grpc::status::{SERVES_OTHERS_KEY, unavailable};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::Service;

use state::{Admission, Outcome, State};

/// Channel to one service behind a circuit breaker. All clones share the circuit breaker.
#[derive(Clone)]
pub(crate) struct CircuitBreakerChannel {
    channel: Channel,
    breaker: Arc<CircuitBreaker>,
}

/// Circuit breaker of one service.
struct CircuitBreaker {
    service: &'static str,
    state: Mutex<State>,
    open: Gauge,
    rejected: Counter,
}

/// Factory of circuit breakers; holds their metrics.
pub(crate) struct CircuitBreakers {
    open: Family<Target, Gauge>,
    rejected: Family<Target, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Target {
    target: &'static str,
}

impl CircuitBreakers {
    pub(crate) fn new(runtime: &kit::Runtime) -> Self {
        let registry = runtime.metrics();
        let open = registry.register(
            "breaker_open",
            "Whether the circuit breaker of a service is open or half-open: 1 or 0",
            Family::default(),
        );
        let rejected = registry.register(
            "breaker_turned_away",
            "Calls that the circuit breaker of a service rejected",
            Family::default(),
        );
        Self { open, rejected }
    }

    /// Wraps the `channel` to the service `name` in a circuit breaker.
    pub(crate) fn wrap(&self, name: &'static str, channel: Channel) -> CircuitBreakerChannel {
        let target = Target { target: name };
        let breaker = CircuitBreaker {
            service: name,
            state: Mutex::default(),
            open: self.open.get_or_create_owned(&target),
            rejected: self.rejected.get_or_create_owned(&target),
        };
        CircuitBreakerChannel { channel, breaker: Arc::new(breaker) }
    }
}

impl CircuitBreaker {
    fn admit(self: &Arc<Self>) -> Result<AdmittedCall, Status> {
        let admission = self.update(|state| state.admit(Instant::now()));
        let probe = match admission {
            Admission::Call => false,
            Admission::Probe => true,
            Admission::Rejected(retry_after) => {
                self.rejected.inc();
                return Err(unavailable(retry_after));
            }
        };
        Ok(AdmittedCall { breaker: Arc::clone(self), probe, outcome: Outcome::Cancelled })
    }

    fn update<R>(&self, update: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let was_open = state.is_open();
        let result = update(&mut state);
        let is_open = state.is_open();
        drop(state);
        self.open.set(is_open.into());
        match (was_open, is_open) {
            (false, true) => tracing::warn!(service = self.service, "circuit breaker opened"),
            (true, false) => tracing::info!(service = self.service, "circuit breaker closed"),
            _ => {}
        }
        result
    }
}

/// Guard of one admitted call. Records the outcome when dropped, also when the call is cancelled.
struct AdmittedCall {
    breaker: Arc<CircuitBreaker>,
    probe: bool,
    outcome: Outcome,
}

impl AdmittedCall {
    fn finish(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for AdmittedCall {
    fn drop(&mut self) {
        let (probe, outcome) = (self.probe, self.outcome);
        self.breaker.update(|state| state.record(probe, outcome, Instant::now()));
    }
}

impl Service<Request<Body>> for CircuitBreakerChannel {
    type Response = Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.channel.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let admitted = match self.breaker.admit() {
            Ok(admitted) => admitted,
            Err(rejection) => return Box::pin(std::future::ready(Err(rejection))),
        };
        let call = self.channel.call(request);
        Box::pin(async move {
            let result = call.await;
            admitted.finish(outcome(&result));
            result
        })
    }
}

/// Classifies the result of a call. A service that responds UNAVAILABLE reports itself that it
/// cannot serve, unless it says that it serves other calls. The status is in the headers, because
/// such a response has no message.
fn outcome(result: &Result<Response<Body>, Status>) -> Outcome {
    if let Ok(response) = result
        && response.headers().contains_key(SERVES_OTHERS_KEY)
    {
        return Outcome::Answered;
    }
    let code = match result {
        Ok(response) => Status::from_header_map(response.headers()).map(|status| status.code()),
        Err(status) => Some(status.code()),
    };
    match code {
        Some(Code::Unavailable | Code::DeadlineExceeded) => Outcome::Failed,
        _ => Outcome::Answered,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kit::grpc::status::unavailable_in_part;

    use super::*;

    #[test]
    fn refused_writes_do_not_count_as_an_outage() {
        let after = Duration::from_secs(1);
        let response = |status: Status| Ok(status.into_http::<Body>());
        assert!(matches!(outcome(&response(unavailable(after))), Outcome::Failed));
        assert!(matches!(outcome(&response(unavailable_in_part(after))), Outcome::Answered));
    }
}
