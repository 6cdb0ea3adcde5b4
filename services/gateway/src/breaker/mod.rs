//! Leaves a service alone that does not answer, so that its routes are told so at once and the
//! gateway's places stay free for the routes of the others.

mod state;

use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{Request, Response};
use kit::grpc::client::Channel;
use kit::grpc::status::unavailable;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::Service;

use state::{Admission, Outcome, State};

/// A channel to one service, behind a breaker that all its clones share.
#[derive(Clone)]
pub(crate) struct Guarded {
    channel: Channel,
    breaker: Arc<Breaker>,
}

/// The breaker of one service.
struct Breaker {
    name: &'static str,
    state: Mutex<State>,
    open: Gauge,
    turned_away: Counter,
}

/// The metrics of all breakers.
pub(crate) struct Breakers {
    open: Family<Target, Gauge>,
    turned_away: Family<Target, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Target {
    target: &'static str,
}

impl Breakers {
    pub(crate) fn new(runtime: &kit::Runtime) -> Self {
        let registry = runtime.metrics();
        let open = registry.register(
            "breaker_open",
            "Whether calls to a service are turned away at once: 1 or 0",
            Family::default(),
        );
        let turned_away = registry.register(
            "breaker_turned_away",
            "Calls to a service that were turned away at once",
            Family::default(),
        );
        Self { open, turned_away }
    }

    /// Puts one before the `channel` to the service `name`.
    pub(crate) fn guard(&self, name: &'static str, channel: Channel) -> Guarded {
        let target = Target { target: name };
        let breaker = Breaker {
            name,
            state: Mutex::default(),
            open: self.open.get_or_create_owned(&target),
            turned_away: self.turned_away.get_or_create_owned(&target),
        };
        Guarded { channel, breaker: Arc::new(breaker) }
    }
}

impl Breaker {
    fn admit(self: &Arc<Self>) -> Result<Watch, Status> {
        let admission = self.change(|state| state.admit(Instant::now()));
        let probe = match admission {
            Admission::Call => false,
            Admission::Probe => true,
            Admission::Refused(after) => {
                self.turned_away.inc();
                return Err(unavailable(after));
            }
        };
        Ok(Watch { breaker: Arc::clone(self), probe, outcome: Outcome::Abandoned })
    }

    fn change<R>(&self, change: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let was_open = state.is_open();
        let result = change(&mut state);
        let is_open = state.is_open();
        drop(state);
        self.open.set(is_open.into());
        match (was_open, is_open) {
            (false, true) => tracing::warn!(service = self.name, "it is left alone for a moment"),
            (true, false) => tracing::info!(service = self.name, "it answers again"),
            _ => {}
        }
        result
    }
}

/// One call that was let through. However it ends, the breaker learns of it.
struct Watch {
    breaker: Arc<Breaker>,
    probe: bool,
    outcome: Outcome,
}

impl Watch {
    fn end(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let (probe, outcome) = (self.probe, self.outcome);
        self.breaker.change(|state| state.ended(probe, outcome, Instant::now()));
    }
}

impl Service<Request<Body>> for Guarded {
    type Response = Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.channel.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let watch = match self.breaker.admit() {
            Ok(watch) => watch,
            Err(refusal) => return Box::pin(std::future::ready(Err(refusal))),
        };
        let call = self.channel.call(request);
        Box::pin(async move {
            let result = call.await;
            watch.end(outcome(&result));
            result
        })
    }
}

/// A service that answers UNAVAILABLE says itself that it cannot serve; it says so in the headers,
/// for there is no message.
fn outcome(result: &Result<Response<Body>, Status>) -> Outcome {
    let code = match result {
        Ok(response) => Status::from_header_map(response.headers()).map(|status| status.code()),
        Err(status) => Some(status.code()),
    };
    match code {
        Some(Code::Unavailable | Code::DeadlineExceeded) => Outcome::Failed,
        _ => Outcome::Answered,
    }
}
