//! One call: its deadline, its attempts and its metrics.

use super::failure::{Failure, classify};
use super::peers::{Peer, Peers};
use super::state::ChannelState;
use crate::context;
use crate::context::REQUEST_ID_HEADER;
use crate::grpc::{code_name, deadline, status};
use crate::metrics::{CallLabels, ClientLabels};
use crate::telemetry::propagation;
use axum::body::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Collected, Full, Limited};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Service as _, ServiceExt as _};
use tracing::{Instrument as _, Span};

/// Largest response, in bytes. It must hold the largest page or batch of a service: 200 entries of
/// 50,000 characters, each of up to 4 bytes, are 38 MiB. Most responses are a thousandth of it.
/// Generated clients have a separate limit, which must be set to this value:
/// `.max_decoding_message_size(MAX_RESPONSE_BYTES)`.
pub const MAX_RESPONSE_BYTES: usize = 48 * 1024 * 1024;

/// Largest request, in bytes: tonic's own limit for servers.
const MAX_REQUEST_BYTES: usize = 4 * 1024 * 1024;

/// Delay before a retry at the same address, for a process that restarts.
const RETRY_DELAY: Duration = Duration::from_millis(50);

/// The retry delay that a failed call suggests to its caller when no address could be reached.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A call in progress. Its outcome is counted exactly once, also when it is cancelled.
pub(super) struct Call {
    state: Arc<ChannelState>,
    rpc: String,
    method: String,
    started: Instant,
    deadline: Option<Instant>,
    span: Span,
    outcome: Option<Code>,
}

/// The code of a response, kept in its extensions for the metrics.
#[derive(Clone, Copy)]
struct ResponseCode(Code);

/// Why an attempt has no response.
enum AttemptError {
    /// The transport failed.
    Transport(Failure),
    /// There is no address, or the response is invalid. A retry would not help.
    Final(Status),
}

impl Call {
    pub(super) fn start(state: Arc<ChannelState>, request: &Request<Body>) -> Self {
        let started = Instant::now();
        let rpc = request.uri().path().trim_start_matches('/').to_owned();
        let method = rpc.rsplit('/').next().unwrap_or_default().to_owned();
        let target = &state.target;
        let timeout = deadline::read(request.headers())
            .or_else(|| (!target.is_stream(&method)).then_some(target.deadline));
        let own = timeout.and_then(|timeout| started.checked_add(timeout));
        let deadline = [own, context::deadline()].into_iter().flatten().min();
        let span = tracing::info_span!(
            "call",
            service = target.name,
            otel.name = rpc,
            otel.kind = "client",
        );
        Self { state, rpc, method, started, deadline, span, outcome: None }
    }

    pub(super) async fn run(mut self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let span = self.span.clone();
        let attempts = self.attempts(request).instrument(span);
        let result = match self.deadline {
            Some(deadline) => {
                timeout_at(deadline, attempts).await.unwrap_or_else(|_| Err(deadline_exceeded()))
            }
            None => attempts.await,
        };
        self.outcome = Some(match &result {
            Ok(response) => {
                response.extensions().get::<ResponseCode>().map_or(Code::Ok, |code| code.0)
            }
            Err(status) => status.code(),
        });
        result
    }

    /// Makes one attempt, and a second one if that is safe.
    async fn attempts(&self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let (mut parts, body) = request.into_parts();
        self.write_headers(&mut parts.headers);
        let message = collect(body).await?.to_bytes();
        let attempt = || {
            let body = Body::new(Full::new(message.clone()));
            Request::from_parts(parts.clone(), body)
        };

        let peers = self.peers().await?;
        let first = self.pick(&peers, None)?;
        let failure = match self.attempt(&first, attempt()).await {
            Ok(response) => return Ok(response),
            Err(AttemptError::Final(status)) => return Err(status),
            Err(AttemptError::Transport(failure)) => failure,
        };
        let safe = failure == Failure::NotSent || self.state.target.is_read(&self.method);
        if !safe {
            return Err(unreachable());
        }
        self.count_retry();
        // The addresses may have changed in the meantime.
        let peers = self.peers().await?;
        let second = self.pick(&peers, Some(&first))?;
        if second.address == first.address {
            sleep(RETRY_DELAY).await;
        }
        match self.attempt(&second, attempt()).await {
            Ok(response) => Ok(response),
            Err(AttemptError::Final(status)) => Err(status),
            Err(AttemptError::Transport(_)) => Err(unreachable()),
        }
    }

    async fn attempt(
        &self,
        peer: &Arc<Peer>,
        request: Request<Body>,
    ) -> Result<Response<Body>, AttemptError> {
        let _in_flight = peer.track_call();
        let mut channel = peer.channel.clone();
        let failed = |error: &(dyn std::error::Error + 'static)| {
            // The transport reads the deadline from the headers and may act on it slightly earlier.
            if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return AttemptError::Final(deadline_exceeded());
            }
            let failure = classify(error);
            tracing::debug!(error, ?failure, address = %peer.address, "attempt failed");
            peer.mark_down();
            self.state.discovery.refresh();
            AttemptError::Transport(failure)
        };
        let ready = channel.ready().await.map_err(|error| failed(&error))?;
        let response = ready.call(request).await.map_err(|error| failed(&error))?;
        peer.mark_up();
        if self.state.target.is_stream(&self.method) {
            return Ok(response);
        }
        // Read completely, so that the call can be retried when the connection breaks meanwhile.
        let (mut parts, body) = response.into_parts();
        match Limited::new(body, MAX_RESPONSE_BYTES).collect().await {
            Ok(body) => {
                let end = body.trailers().unwrap_or(&parts.headers);
                let code = Status::from_header_map(end).map_or(Code::Ok, |status| status.code());
                parts.extensions.insert(ResponseCode(code));
                Ok(Response::from_parts(parts, Body::new(body.map_err(infallible))))
            }
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                Err(AttemptError::Final(too_large("the response is too large")))
            }
            Err(error) => Err(failed(error.as_ref())),
        }
    }

    /// The addresses, after the first lookup.
    async fn peers(&self) -> Result<Peers, Status> {
        let mut peers = self.state.discovery.peers.clone();
        let known = peers.wait_for(Option::is_some).await;
        // The discovery runs until the process ends.
        known.ok().and_then(|peers| peers.clone()).ok_or_else(unreachable)
    }

    fn pick(&self, peers: &Peers, tried: Option<&Arc<Peer>>) -> Result<Arc<Peer>, Status> {
        let tried = tried.map(|peer| peer.address);
        peers.pick(self.state.next_turn(), tried, Instant::now()).ok_or_else(|| {
            self.state.discovery.refresh();
            unreachable()
        })
    }

    fn write_headers(&self, headers: &mut HeaderMap) {
        // The deadline of a stream limits the time until it is open, not how long it lives; a
        // timeout that the call itself sets stays in the headers.
        let is_stream = self.state.target.is_stream(&self.method);
        if let Some(deadline) = self.deadline.filter(|_| !is_stream) {
            deadline::write(headers, deadline.saturating_duration_since(Instant::now()));
        }
        if let Some(request_id) = context::request_id() {
            headers.insert(REQUEST_ID_HEADER, request_id.header());
        }
        context::origin().write(headers);
        propagation::inject(&self.span, headers);
    }

    fn count_retry(&self) {
        let families = self.state.runtime.families();
        families.client_retries.get_or_create(&self.labels()).inc();
    }

    fn labels(&self) -> ClientLabels {
        let (component, target) = (self.state.runtime.name(), self.state.target.name);
        ClientLabels { component, target, rpc: self.rpc.clone() }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let families = self.state.runtime.families();
        let labels = self.labels();
        let seconds = self.started.elapsed().as_secs_f64();
        families.client_durations.get_or_create(&labels).observe(seconds);
        let ClientLabels { component, target, rpc } = labels;
        let code = code_name(self.outcome.unwrap_or(Code::Cancelled));
        families.client_requests.get_or_create(&CallLabels { component, target, rpc, code }).inc();
    }
}

async fn collect(body: Body) -> Result<Collected<Bytes>, Status> {
    Limited::new(body, MAX_REQUEST_BYTES).collect().await.map_err(|error| {
        tracing::debug!(error = error.as_ref() as &dyn std::error::Error, "request body failed");
        too_large("the request is too large")
    })
}

/// The status of a message above its limit: INTERNAL, because it is a defect of the program.
/// RESOURCE_EXHAUSTED would mean that the caller sends too much.
fn too_large(reason: &'static str) -> Status {
    tracing::error!(reason, "message rejected");
    Status::internal(reason)
}

fn infallible(never: std::convert::Infallible) -> Status {
    match never {}
}

fn deadline_exceeded() -> Status {
    Status::deadline_exceeded("the deadline of the call has passed")
}

/// The status when no server could be reached. Only for a call that is not a read is it unknown
/// whether it had an effect.
fn unreachable() -> Status {
    status::unavailable(RETRY_AFTER)
}
