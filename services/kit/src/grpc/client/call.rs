//! One call: its deadline, its attempts, its metrics.

use super::channel::Shared;
use super::failure::{Failure, classify};
use super::peers::{Peer, Peers};
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

/// Largest answer, in bytes. It has to hold the largest page or batch that a service gives: with
/// 200 entries of 50,000 characters, each of up to 4 bytes, that is 38 MiB. Most are a thousandth of
/// it; the bound is there for what was never meant to be an answer. Generated clients have a bound
/// of their own, which has to be set to this one: `.max_decoding_message_size(MAX_RESPONSE_BYTES)`.
pub const MAX_RESPONSE_BYTES: usize = 48 * 1024 * 1024;

/// Largest request, in bytes; tonic's own bound for servers.
const MAX_REQUEST_BYTES: usize = 4 * 1024 * 1024;

/// Before the second try when there is no other address: a process that restarts needs a moment.
const PAUSE: Duration = Duration::from_millis(50);

/// When nothing can be reached, callers are told to come back after this time.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A call in progress. However it ends, it is counted once.
pub(super) struct Call {
    shared: Arc<Shared>,
    rpc: String,
    method: String,
    began: Instant,
    deadline: Option<Instant>,
    span: Span,
    outcome: Option<Code>,
}

/// How a call was answered, put beside the answer for the metrics.
#[derive(Clone, Copy)]
struct Answered(Code);

/// Why an attempt gave no answer.
enum Unanswered {
    /// The transport failed.
    Failed(Failure),
    /// There is nowhere to go, or the answer cannot be used; a second attempt would not help.
    Final(Status),
}

impl Call {
    pub(super) fn begin(shared: Arc<Shared>, request: &Request<Body>) -> Self {
        let began = Instant::now();
        let rpc = request.uri().path().trim_start_matches('/').to_owned();
        let method = rpc.rsplit('/').next().unwrap_or_default().to_owned();
        let target = &shared.target;
        let asked = deadline::read(request.headers())
            .or_else(|| (!target.is_stream(&method)).then_some(target.deadline));
        let own = asked.and_then(|asked| began.checked_add(asked));
        let deadline = [own, context::deadline()].into_iter().flatten().min();
        let span = tracing::info_span!(
            "call",
            callee = target.name,
            otel.name = rpc,
            otel.kind = "client",
        );
        Self { shared, rpc, method, began, deadline, span, outcome: None }
    }

    pub(super) async fn run(mut self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let span = self.span.clone();
        let attempts = self.attempts(request).instrument(span);
        let result = match self.deadline {
            Some(deadline) => timeout_at(deadline, attempts).await.unwrap_or_else(|_| Err(late())),
            None => attempts.await,
        };
        self.outcome = Some(match &result {
            Ok(response) => response.extensions().get::<Answered>().map_or(Code::Ok, |code| code.0),
            Err(status) => status.code(),
        });
        result
    }

    /// One attempt, and a second one if that is safe.
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
            Err(Unanswered::Final(status)) => return Err(status),
            Err(Unanswered::Failed(failure)) => failure,
        };
        let safe = failure == Failure::NotSent || self.shared.target.is_read(&self.method);
        if !safe {
            return Err(unreachable());
        }
        self.count_retry();
        // The addresses may have changed meanwhile.
        let peers = self.peers().await?;
        let second = self.pick(&peers, Some(&first))?;
        if second.address == first.address {
            sleep(PAUSE).await;
        }
        match self.attempt(&second, attempt()).await {
            Ok(response) => Ok(response),
            Err(Unanswered::Final(status)) => Err(status),
            Err(Unanswered::Failed(_)) => Err(unreachable()),
        }
    }

    async fn attempt(
        &self,
        peer: &Arc<Peer>,
        request: Request<Body>,
    ) -> Result<Response<Body>, Unanswered> {
        let _busy = peer.busy();
        let mut channel = peer.channel.clone();
        let failed = |error: &(dyn std::error::Error + 'static)| {
            // The transport reads the deadline from the headers and may notice a moment before us.
            if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return Unanswered::Final(late());
            }
            let failure = classify(error);
            tracing::debug!(error, ?failure, address = %peer.address, "an attempt failed");
            peer.mark_down();
            self.shared.discovered.refresh();
            Unanswered::Failed(failure)
        };
        let ready = channel.ready().await.map_err(|error| failed(&error))?;
        let response = ready.call(request).await.map_err(|error| failed(&error))?;
        peer.mark_up();
        if self.shared.target.is_stream(&self.method) {
            return Ok(response);
        }
        // To the end, so that a connection that breaks in the middle can be met with a second try.
        let (mut parts, body) = response.into_parts();
        match Limited::new(body, MAX_RESPONSE_BYTES).collect().await {
            Ok(body) => {
                let end = body.trailers().unwrap_or(&parts.headers);
                let code = Status::from_header_map(end).map_or(Code::Ok, |status| status.code());
                parts.extensions.insert(Answered(code));
                Ok(Response::from_parts(parts, Body::new(body.map_err(never))))
            }
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                Err(Unanswered::Final(too_large("the answer is too large")))
            }
            Err(error) => Err(failed(error.as_ref())),
        }
    }

    /// The addresses, once they have been looked for.
    async fn peers(&self) -> Result<Peers, Status> {
        let mut peers = self.shared.discovered.peers.clone();
        let known = peers.wait_for(Option::is_some).await;
        // The discovery ends with the process alone.
        known.ok().and_then(|peers| peers.clone()).ok_or_else(unreachable)
    }

    fn pick(&self, peers: &Peers, tried: Option<&Arc<Peer>>) -> Result<Arc<Peer>, Status> {
        let tried = tried.map(|peer| peer.address);
        peers.pick(self.shared.turn(), tried, Instant::now()).ok_or_else(|| {
            self.shared.discovered.refresh();
            unreachable()
        })
    }

    fn write_headers(&self, headers: &mut HeaderMap) {
        if let Some(deadline) = self.deadline {
            deadline::write(headers, deadline.saturating_duration_since(Instant::now()));
        }
        if let Some(request_id) = context::request_id() {
            headers.insert(REQUEST_ID_HEADER, request_id.header());
        }
        propagation::inject(&self.span, headers);
    }

    fn count_retry(&self) {
        let families = self.shared.runtime.families();
        families.client_retries.get_or_create(&self.labels()).inc();
    }

    fn labels(&self) -> ClientLabels {
        let (component, target) = (self.shared.runtime.name(), self.shared.target.name);
        ClientLabels { component, target, rpc: self.rpc.clone() }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        let families = self.shared.runtime.families();
        let labels = self.labels();
        let seconds = self.began.elapsed().as_secs_f64();
        families.client_durations.get_or_create(&labels).observe(seconds);
        let ClientLabels { component, target, rpc } = labels;
        let code = code_name(self.outcome.unwrap_or(Code::Cancelled));
        families.client_requests.get_or_create(&CallLabels { component, target, rpc, code }).inc();
    }
}

async fn collect(body: Body) -> Result<Collected<Bytes>, Status> {
    Limited::new(body, MAX_REQUEST_BYTES).collect().await.map_err(|error| {
        tracing::debug!(error = error.as_ref() as &dyn std::error::Error, "no request was made");
        too_large("the request is too large")
    })
}

/// A defect on our side of the call. RESOURCE_EXHAUSTED is what a service says of its callers.
fn too_large(what: &'static str) -> Status {
    tracing::error!(what, "a message was refused");
    Status::internal(what)
}

fn never(never: std::convert::Infallible) -> Status {
    match never {}
}

fn late() -> Status {
    Status::deadline_exceeded("the call took too long")
}

/// Nobody could be reached; whether the call acted is unknown only when it was no read.
fn unreachable() -> Status {
    status::unavailable(RETRY_AFTER)
}
